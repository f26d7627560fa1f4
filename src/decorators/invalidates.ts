// @Invalidates: a method after which entries are gone.

import { badInput, CacheError } from "../errors.ts";
import { checkObject } from "../model/check.ts";
import type { KeyFromCall } from "../model/key-template.ts";
import { findCache } from "./cache-source.ts";
import { callTextCompiler, type CallTextCompiler } from "./call-text.ts";
import { type Method, methodDecorator, type Site } from "./method-decorator.ts";
import type { AsyncMethodDecorator, DecoratorCache, DecoratorOptions, KeySource } from "./types.ts";

/** What a call invalidates. Every text is a template. */
export interface InvalidationTarget {
  /** Keys to delete: templates or functions of the arguments. */
  readonly keys?: KeySource | readonly KeySource[] | undefined;
  readonly tags?: string | readonly string[] | undefined;
  /** A namespace to clear. For the namespace of the keys, see {@link InvalidatesOptions}. */
  readonly namespace?: string | undefined;
}

/** Options of {@link Invalidates}. */
export interface InvalidatesOptions extends DecoratorOptions {
  /** The namespace of the keys; a template. Default: that of the cache. */
  readonly namespace?: string | undefined;
}

type Invalidation = (cache: DecoratorCache) => Promise<unknown>;

type PlanInvalidation = (self: unknown, args: readonly unknown[]) => Invalidation;

/**
 * Invalidates when an asynchronous method has succeeded: `@Invalidates("product:{id}")`, `@Invalidates({ tags: "prices" })`.
 *
 * The texts are made from the arguments before the method runs, so that a bad one rejects with nothing done. The
 * method runs. Once it resolved, entries are invalidated, and only then does the call resolve: whoever saw it resolve
 * sees no older value. It is done after the method, not before, because a refresh that starts in between would read the
 * old state again. If the method rejects, nothing is invalidated. If the invalidation fails, the call rejects with its
 * error although the method succeeded.
 *
 * @throws CacheError when the class is defined, as `@Cached` does
 */
export function Invalidates<const Key extends KeySource | InvalidationTarget>(
  target: Key,
  options: InvalidatesOptions = {},
): AsyncMethodDecorator<Key extends KeySource ? Key : string> {
  const decorate = methodDecorator("@Invalidates", (method, site) =>
    wrap(method, site, toTarget(target, options), options),
  );
  return decorate as AsyncMethodDecorator<Key extends KeySource ? Key : string>;
}

function wrap(method: Method, site: Site, target: InvalidationTarget, options: InvalidatesOptions): Method {
  checkObject<InvalidatesOptions>(options, ["cache", "params", "namespace"], "options");
  const cacheFor = findCache(options.cache);
  const plan = planInvalidation(callTextCompiler(method, site, options.params), target, options.namespace);
  return async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const cache = cacheFor(this);
    const invalidate = plan(this, args);
    const result = await Reflect.apply(method, this, args);
    await invalidate(cache);
    return result;
  };
}

function toTarget(target: KeySource | InvalidationTarget, options: InvalidatesOptions): InvalidationTarget {
  if (typeof target === "string" || typeof target === "function") return { keys: target };
  checkObject<InvalidationTarget>(target, ["keys", "tags", "namespace"], "target");
  const { keys, tags, namespace } = target;
  if (keys === undefined && tags === undefined && namespace === undefined) {
    throw badInput("invalid_option", "target", "an object with keys, tags or namespace", target);
  }
  if (keys !== undefined && namespace !== undefined && options.namespace === undefined) throw ambiguous(namespace);
  return target;
}

function ambiguous(namespace: string): CacheError {
  const rule = "target.namespace beside target.keys must be accompanied by options.namespace, that of the keys";
  return new CacheError(
    "invalid_option",
    `${rule}, because it is a namespace to clear, got ${JSON.stringify(namespace)}`,
  );
}

function planInvalidation(
  texts: CallTextCompiler,
  target: InvalidationTarget,
  keysNamespace: string | undefined,
): PlanInvalidation {
  const keysOf = toList(target.keys).map((key, i) => texts.compile(key, `keys[${i}]`));
  const tagsOf = toList(target.tags).map((tag, i) => compileTemplate(texts, tag, `tags[${i}]`));
  const [clearedOf, namespaceOf] = [target.namespace, keysNamespace].map((namespace) =>
    namespace === undefined ? undefined : compileTemplate(texts, namespace, "namespace"),
  );
  return (self, args) => {
    const keys = keysOf.map((keyOf) => keyOf(self, args));
    const tags = tagsOf.map((tagOf) => tagOf(self, args));
    const cleared = clearedOf?.(self, args);
    const namespace = namespaceOf?.(self, args);
    return (cache) => {
      const work: (() => Promise<unknown>)[] = [];
      if (keys.length > 0) work.push(() => cache.deleteMany(keys, { namespace }));
      if (tags.length > 0) work.push(() => cache.invalidateTags(tags));
      if (cleared !== undefined) work.push(() => cache.clearNamespace(cleared));
      // Async, so that one that throws at once does not leave the others without an owner.
      return Promise.all(work.map(async (task) => task()));
    };
  };
}

function compileTemplate(texts: CallTextCompiler, template: unknown, field: string): KeyFromCall {
  const text = texts.compileTemplate(template, field);
  return typeof text === "string" ? () => text : text;
}

function toList<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}
