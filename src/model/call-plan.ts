// What a call of a cached function asks of the cache: whether, with which options, and what its run says of the result.

import { badInput } from "../errors.ts";
import { CALL_NAMES, resolveCall, type CallSettings } from "./call.ts";
import type { GetOptions } from "./call-options.ts";
import { checkBoolean, checkFunction, checkObject, isThenable } from "./check.ts";
import { RULE_NAMES, type FunctionOptions } from "./function-options.ts";
import type { KeyFromCall } from "./key-template.ts";
import type { RefreshContext } from "./refresh.ts";
import { signalIn, withSignal } from "./signal-argument.ts";

/** A function as it is called. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Compiles one template of a function; a template without placeholders gives its text. @throws CacheError */
export type CompileTemplate = (template: unknown, field: string) => KeyFromCall | string;

/** What is asked at each call. */
export interface CallPlan {
  /** Whether the cache is used for a call. */
  readonly isCached: (self: unknown, args: readonly unknown[]) => boolean;
  /** The options of `get`: one frozen object for all calls, where nothing depends on the call. */
  readonly optionsOf: (self: unknown, args: readonly unknown[]) => GetOptions;
  /** The refresh of a call. Its run gets the signal of the flight in place of the caller's. */
  readonly refreshOf: (fn: AnyFunction, self: unknown, args: unknown[]) => (context: RefreshContext) => unknown;
}

/**
 * Checks what can be checked before the first call.
 * @param more names of options that are looked at elsewhere
 * @throws CacheError `invalid_option`
 */
export function checkFunctionOptions(options: object, more: readonly string[]): asserts options is FunctionOptions {
  checkObject<FunctionOptions>(options, [...CALL_NAMES, ...RULE_NAMES, ...more] as never, "options");
  const { tags, enabled, condition, unless, refresh, params } = options;
  // What it would fall back to does not matter.
  resolveCall({ maxNameBytes: Infinity } as CallSettings, getOptionsOf(options, false));
  if (tags !== undefined && !Array.isArray(tags) && typeof tags !== "function") {
    throw badInput("invalid_option", "tags", "an array of templates, or a function of the result", tags);
  }
  checkBoolean(enabled, true, "enabled");
  checkFunction(condition, undefined, "condition");
  checkFunction(unless, undefined, "unless");
  checkFunction(refresh, undefined, "refresh");
  checkParams(params);
}

/** The option `params`. @throws CacheError `invalid_option` */
export function checkParams(params: unknown): readonly string[] | undefined {
  const isNames = Array.isArray(params) && params.every((name) => typeof name === "string" && name !== "");
  if (params !== undefined && !isNames) throw badInput("invalid_option", "params", "an array of names", params);
  return params as readonly string[] | undefined;
}

/** Those of the options that `get` knows, but for namespace and tags, and unless asked for, the tiers, which only a cache can check. */
function getOptionsOf(options: FunctionOptions, withTiers = true): GetOptions {
  const names = CALL_NAMES.filter((name) => name !== "namespace" && name !== "tags" && (withTiers || name !== "tiers"));
  const given = names.filter((name) => name in options).map((name) => [name, options[name as keyof FunctionOptions]]);
  return Object.fromEntries(given) as GetOptions;
}

/** Plans the calls of a function whose options have been checked. @throws CacheError for a bad template */
export function planCalls(options: FunctionOptions, compile: CompileTemplate): CallPlan {
  const { condition } = options;
  const optionsOf = compileOptions(options, compile);
  return {
    isCached: condition === undefined ? () => true : (self, args) => Reflect.apply(condition, self, args),
    optionsOf(self, args) {
      const signal = signalIn(args);
      return signal === undefined ? optionsOf(self, args) : { ...optionsOf(self, args), signal };
    },
    refreshOf: compileRefresh(options),
  };
}

function compileOptions(options: FunctionOptions, compile: CompileTemplate): CallPlan["optionsOf"] {
  const { namespace, tags } = options;
  const base = getOptionsOf(options);
  const namespaceText = namespace === undefined ? undefined : compile(namespace, "namespace");
  const templates = typeof tags === "function" ? undefined : tags;
  const tagTexts = templates?.map((tag, i) => compile(tag, `tags[${i}]`));
  const make = (self: unknown, args: readonly unknown[]): GetOptions => {
    const text = (part: KeyFromCall | string) => (typeof part === "string" ? part : part(self, args));
    const made: { -readonly [Name in keyof GetOptions]: GetOptions[Name] } = { ...base };
    if (namespaceText !== undefined) made.namespace = text(namespaceText);
    if (tagTexts !== undefined) made.tags = tagTexts.map(text);
    return Object.freeze(made);
  };
  if ([namespaceText, ...(tagTexts ?? [])].some((part) => typeof part === "function")) return make;
  const constant = make(undefined, []);
  return () => constant;
}

function compileRefresh({ tags, unless, refresh }: FunctionOptions): CallPlan["refreshOf"] {
  const tagsOf = typeof tags === "function" ? tags : undefined;
  if (tagsOf === undefined && unless === undefined && refresh === undefined) {
    return (fn, self, args) => (context) => Reflect.apply(fn, self, withSignal(args, context));
  }
  return (fn, self, args) => (context) => {
    if (refresh !== undefined) context.setOptions(Reflect.apply(refresh, self, args));
    const judge = (result: unknown): unknown => {
      if (tagsOf !== undefined) context.setTags(Reflect.apply(tagsOf, self, [result, ...args]));
      const isRefused = unless !== undefined && Reflect.apply(unless, self, [result, ...args]);
      return isRefused ? context.skip(result) : result;
    };
    const result: unknown = Reflect.apply(fn, self, withSignal(args, context));
    return isThenable(result) ? result.then(judge) : judge(result);
  };
}
