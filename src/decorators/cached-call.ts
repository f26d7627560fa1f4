// What a call of a cached method asks of the cache: which cache, key and options.

import { badInput } from "../errors.ts";
import { type CallSettings, resolveCall } from "../model/call.ts";
import type { GetOptions } from "../model/call-options.ts";
import { findCache } from "./cache-source.ts";
import type { CallTextCompiler } from "./call-text.ts";
import type { DecoratorCache, DecoratorOptions, KeySource } from "./types.ts";

/** Options of `@Cached`: those of `get`, where namespace and tags may be templates. */
export interface CachedOptions<Result = unknown>
  extends Omit<GetOptions<Result>, "namespace" | "tags" | "signal">, DecoratorOptions {
  /** The namespace of the key; a template. Default: that of the cache. */
  readonly namespace?: string | undefined;
  /** Templates such as `"category:{0.category}"`. Default: no tags. */
  readonly tags?: readonly string[] | undefined;
}

/** One call, as the cache will see it. */
export interface CachedCall {
  readonly cache: DecoratorCache;
  readonly key: string;
  readonly options: GetOptions;
}

/** Makes a call from its `this` and arguments. @throws CacheError when it has no key, or no cache yet */
export type PlanCall = (self: unknown, args: readonly unknown[]) => CachedCall;

/** Compiles key and options of a method. @throws CacheError for what can be found wrong before the first call */
export function planCalls<Result>(texts: CallTextCompiler, key: KeySource, options: CachedOptions<Result>): PlanCall {
  const { cache, params: _params, namespace, tags, ...others } = options;
  checkOptions(others, tags);
  const cacheFor = findCache(cache);
  const keyOf = texts.compile(key, "key");
  const optionsOf = callOptions(texts, others as GetOptions, namespace, tags);
  return (self, args) => ({ cache: cacheFor(self), key: keyOf(self, args), options: optionsOf(self, args) });
}

/** Checks now what the cache would refuse at each call. What it would fall back to does not matter. */
function checkOptions(options: GetOptions<never>, tags: unknown): void {
  resolveCall({ maxNameBytes: Infinity } as CallSettings, options);
  if (tags === undefined || Array.isArray(tags)) return;
  throw badInput("invalid_option", "tags", "an array of templates", tags);
}

/** Options without placeholders are one frozen object for all calls. */
function callOptions(
  texts: CallTextCompiler,
  base: GetOptions,
  namespace: string | undefined,
  tags: readonly string[] | undefined,
): (self: unknown, args: readonly unknown[]) => GetOptions {
  const namespaceText = namespace === undefined ? undefined : texts.compileTemplate(namespace, "namespace");
  const tagTexts = tags?.map((tag, i) => texts.compileTemplate(tag, `tags[${i}]`));
  const make = (self: unknown, args: readonly unknown[]): GetOptions => {
    const text = (part: NonNullable<typeof namespaceText>) => (typeof part === "string" ? part : part(self, args));
    const made: { -readonly [Name in keyof GetOptions]: GetOptions[Name] } = { ...base };
    if (namespaceText !== undefined) made.namespace = text(namespaceText);
    if (tagTexts !== undefined) made.tags = tagTexts.map(text);
    return Object.freeze(made);
  };
  if ([namespaceText, ...(tagTexts ?? [])].some((part) => typeof part === "function")) return make;
  const constant = make(undefined, []);
  return () => constant;
}
