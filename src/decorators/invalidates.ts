// @Invalidates: a method after which entries are gone.

import { badInput, CacheError } from "../errors.ts";
import { checkParams } from "../model/call-plan.ts";
import { checkBoolean, checkObject } from "../model/check.ts";
import { type KeyFromCall, toKey } from "../model/key-template.ts";
import { defaultsOf } from "./cache-defaults.ts";
import { findCache } from "./cache-source.ts";
import { callTextCompiler, type CallTextCompiler } from "./call-text.ts";
import { assertCalled, methodDecorator } from "./method-decorator.ts";
import type { InvalidatesDecorator } from "./method-types.ts";
import { type Method, ownerOf, type Site } from "./site.ts";
import type { CacheSource, DecoratorCache, InvalidatesOptions, InvalidationTarget, KeySource } from "./types.ts";

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
export function Invalidates<
  const Target extends KeySource | InvalidationTarget,
  const Options extends InvalidatesOptions,
>(target: Target, options?: Options): InvalidatesDecorator<Target, Options> {
  return makeInvalidates(target, options, undefined);
}

/** The decorator, with a cache where the options have none. */
export function makeInvalidates(
  target: KeySource | InvalidationTarget,
  options: InvalidatesOptions | undefined,
  base: CacheSource | undefined,
): InvalidatesDecorator {
  assertCalled("@Invalidates", options);
  const given = options ?? {};
  const decorate = methodDecorator("@Invalidates", (method, site) =>
    wrap(method, site, toTarget(target, given), given, base),
  );
  return decorate as InvalidatesDecorator;
}

/** What a method asks for, once its class is known. */
interface Plan {
  readonly isEnabled: boolean;
  readonly cacheFor: (self: unknown) => DecoratorCache;
  readonly plan: PlanInvalidation;
}

function wrap(
  method: Method,
  site: Site,
  target: InvalidationTarget,
  options: InvalidatesOptions,
  base: CacheSource | undefined,
): Method {
  const planFor = planner(method, site, target, options, base, () => wrapper);
  const wrapper = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const { isEnabled, cacheFor, plan } = planFor(this);
    if (!isEnabled) return Reflect.apply(method, this, args);
    const cache = cacheFor(this);
    const invalidate = plan(this, args);
    const result = await Reflect.apply(method, this, args);
    await invalidate(cache);
    return result;
  };
  return wrapper;
}

function planner(
  method: Method,
  site: Site,
  target: InvalidationTarget,
  options: InvalidatesOptions,
  base: CacheSource | undefined,
  wrapper: () => Method,
): (self: unknown) => Plan {
  checkObject<InvalidatesOptions>(options, ["cache", "params", "namespace", "enabled"], "options");
  checkBoolean(options.enabled, true, "enabled");
  findCache(options.cache, base);
  const { types, marks } = site;
  const texts = callTextCompiler({ method, types, marks, params: checkParams(options.params) });
  const planIn = (owner: object | undefined): Plan => {
    const defaults = defaultsOf(owner);
    return {
      isEnabled: (options.enabled ?? defaults.enabled) !== false,
      cacheFor: findCache(options.cache ?? defaults.cache, base),
      plan: planInvalidation(texts, target, options.namespace ?? defaults.namespace),
    };
  };
  // Finds wrong templates now.
  const early = planIn(undefined);
  let complete: Plan | undefined;
  return (self) => {
    if (complete !== undefined) return complete;
    const owner = ownerOf(site, wrapper(), self);
    return owner === undefined ? early : (complete = planIn(owner));
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
  const compile = (template: unknown, field: string): KeyFromCall => toKey(texts.compileTemplate(template, field));
  const keysOf = toList(target.keys).map((key, i) => texts.compile(key, `keys[${i}]`));
  const tagsOf = toList(target.tags).map((tag, i) => compile(tag, `tags[${i}]`));
  const [clearedOf, namespaceOf] = [target.namespace, keysNamespace].map((namespace) =>
    namespace === undefined ? undefined : compile(namespace, "namespace"),
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

function toList<Item>(value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
}
