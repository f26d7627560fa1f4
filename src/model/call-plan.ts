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

/** What is asked at each call. `undefined` where nothing is, since every call comes here. */
export interface CallPlan {
  /** Whether the cache is used for a call. */
  readonly condition: ((self: unknown, args: readonly unknown[]) => boolean) | undefined;
  /** The options of `get` where they depend on the call, but for its signal. */
  readonly optionsOf: ((self: unknown, args: readonly unknown[]) => GetOptions) | undefined;
  /** The same for all calls, where they do not. */
  readonly options: GetOptions | undefined;
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
  return {
    condition: condition === undefined ? undefined : (self, args) => Reflect.apply(condition, self, args),
    ...compileOptions(options, compile),
    refreshOf: compileRefresh(options),
  };
}

/** The options of one call. */
export function optionsFor(plan: CallPlan, self: unknown, args: readonly unknown[]): GetOptions | undefined {
  const options = plan.optionsOf === undefined ? plan.options : plan.optionsOf(self, args);
  const signal = signalIn(args);
  return signal === undefined ? options : { ...options, signal };
}

function compileOptions(options: FunctionOptions, compile: CompileTemplate): Pick<CallPlan, "options" | "optionsOf"> {
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
    return made;
  };
  const isDynamic = [namespaceText, ...(tagTexts ?? [])].some((part) => typeof part === "function");
  if (isDynamic) return { optionsOf: make, options: undefined };
  const constant = Object.freeze(make(undefined, []));
  return { optionsOf: undefined, options: Object.keys(constant).length === 0 ? undefined : constant };
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
