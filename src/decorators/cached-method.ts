// What @Cached and @CachedSync have in common: a method's plan, which is complete once its class is known.

import { cacheFor, type FunctionPlan, isCached, verbsOf } from "../call-verbs.ts";
import { badInput, CacheError } from "../errors.ts";
import { type CallPlan, checkFunctionOptions, optionsFor, planCalls } from "../model/call-plan.ts";
import { checkObject } from "../model/check.ts";
import type { KeyFromCall } from "../model/key-template.ts";
import { signalIn } from "../model/signal-argument.ts";
import { defaultsOf, withoutUndefined } from "./cache-defaults.ts";
import { findCache, fixedCache } from "./cache-source.ts";
import { type CallTextCompiler, callTextCompiler } from "./call-text.ts";
import { checkName, claimName, escapeName } from "./claims.ts";
import { checkId, defaultKey } from "./default-key.ts";
import { type CachedMethod, noteMethod } from "./methods.ts";
import { isOfObject, partChecker } from "./overriding.ts";
import { type Method, ownerOf, placeOf, type Site } from "./site.ts";
import type { CachedOptions, CacheSource, KeySource } from "./types.ts";

/** What a decorator was given. */
export interface Given {
  readonly key: KeySource | undefined;
  readonly options: CachedOptions;
  /** The cache of `createDecorators`. */
  readonly base: CacheSource | undefined;
}

/** Tells `(key, options)`, `(options)` and nothing apart. */
export function keyAndOptions(first: unknown, second: unknown): readonly [key: unknown, options: unknown] {
  const isOptions = typeof first === "object" && first !== null && second === undefined;
  return isOptions ? [undefined, first] : [first, second];
}

/** What a decorator was called with, checked. @throws CacheError `invalid_option` */
export function readGiven(first: unknown, second: unknown, base: CacheSource | undefined): Given {
  const [key, given] = keyAndOptions(first, second);
  const options = given ?? {};
  if (key !== undefined && typeof key !== "string" && typeof key !== "function") {
    throw badInput("invalid_option", "key", "a template or a function", key);
  }
  checkObject(options, Object.keys(options) as never, "options");
  return { key: key as KeySource | undefined, options, base };
}

/** Makes the wrapper of a method. @throws CacheError for what can be found wrong before the first call */
export function cacheMethod(method: Method, site: Site, given: Given, isSync: boolean): Method {
  const cached = describeMethod(method, site, given, isSync, () => wrapper);
  const wrapper: Method = isSync
    ? syncWrapper(method, cached, () => wrapper)
    : asyncWrapper(method, cached, () => wrapper);
  noteMethod(wrapper, cached);
  return wrapper;
}

function asyncWrapper(method: Method, cached: CachedMethod, wrapper: () => Method): Method {
  const { planFor, site } = cached;
  const isPart = partChecker(cached, wrapper);
  let usual: UsualCalls | undefined;
  // No async function: it would cost a promise more on every hit.
  return function (this: unknown, ...args: unknown[]): unknown {
    try {
      // Most calls are hits that are like the last: no refresh is made for them, and nothing else that is for misses.
      const hit = usual === undefined ? undefined : usualHit(usual, this, args);
      if (hit !== undefined) return hit;
      const plan = planFor(this);
      if (!isCached(plan, this, args)) return Reflect.apply(method, this, args);
      const cache = cacheFor(plan, this);
      const key = plan.keyOf(this, args);
      const options = optionsFor(plan, this, args);
      if (isPart(this, args, cache, key, options)) return Reflect.apply(method, this, args);
      if (usual === undefined && site.owner !== undefined) usual = usualCalls(plan, this, site, wrapper());
      return cache.get(key, plan.refreshOf(method, this, args), options);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** Calls that are alike in all but their object and their key. */
interface UsualCalls {
  readonly plan: FunctionPlan;
  /** Of their objects, for which the method is not overridden. */
  readonly prototype: unknown;
}

/** Those like a call that was found to be nobody's part; `undefined` where calls differ in more than their key. */
function usualCalls(plan: FunctionPlan, self: unknown, site: Site, wrapper: Method): UsualCalls | undefined {
  if (plan.condition !== undefined || plan.optionsOf !== undefined) return undefined;
  if (typeof self !== "object" || self === null || Object.hasOwn(self, site.property)) return undefined;
  if (!isOfObject(self, site, wrapper)) return undefined;
  return { plan, prototype: Object.getPrototypeOf(self) as unknown };
}

function usualHit({ plan, prototype }: UsualCalls, self: unknown, args: unknown[]): Promise<unknown> | undefined {
  if (typeof self !== "object" || self === null || Object.getPrototypeOf(self) !== prototype) return undefined;
  if (signalIn(args) !== undefined) return undefined;
  return cacheFor(plan, self).freshHit?.(plan.keyOf(self, args), plan.options);
}

function syncWrapper(method: Method, cached: CachedMethod, wrapper: () => Method): Method {
  const { planFor } = cached;
  const isPart = partChecker(cached, wrapper);
  return function (this: unknown, ...args: unknown[]): unknown {
    const plan = planFor(this);
    if (!isCached(plan, this, args)) return Reflect.apply(method, this, args);
    const cache = cacheFor(plan, this);
    const key = plan.keyOf(this, args);
    const options = optionsFor(plan, this, args);
    if (isPart(this, args, cache, key, options)) return Reflect.apply(method, this, args);
    return cache.getSync(key, plan.refreshOf(method, this, args), options);
  };
}

function describeMethod(
  method: Method,
  site: Site,
  given: Given,
  isSync: boolean,
  wrapper: () => Method,
): CachedMethod {
  const { key } = given;
  const planFor = planner(method, site, given, wrapper);
  const verbs = verbsOf(method, planFor, isSync);
  const options = (): CachedOptions => optionsIn(site.owner, given);
  const needsThis = [key, given.options.namespace, ...toList(given.options.tags)].some(
    (text) => typeof text === "string" && /(?:^|[^{])(?:\{\{)*\{this[.]/.test(text),
  );
  return { site, isSync, key, needsThis, verbs, planFor, options };
}

/** Plans the calls of a method: once when its class is known, and until then for what is called without an object. */
function planner(method: Method, site: Site, given: Given, wrapper: () => Method): CachedMethod["planFor"] {
  const { cache, id, ...others } = given.options;
  findCache(cache, given.base);
  checkId(id);
  checkFunctionOptions(others, []);
  if (id !== undefined && given.key !== undefined) {
    throw new CacheError("invalid_option", "id must be given without a key, in which it would not occur, got both");
  }
  const { types, marks } = site;
  const texts = callTextCompiler({ method, types, marks, params: given.options.params });
  const keyOf = given.key === undefined ? undefined : texts.compile(given.key, "key");
  const calls = planCalls(others, texts.compileTemplate);
  const planIn = (owner: object | undefined): FunctionPlan => {
    const options = optionsIn(owner, given);
    const named = keyOf === undefined ? nameKey(site, owner, id, options.id) : { keyOf, claim: undefined };
    const { condition, optionsOf, options: fixed, refreshOf } = planned(calls, texts, owner, given);
    // All of one shape: every call reads them.
    return {
      isEnabled: options.enabled !== false,
      condition,
      cache: fixedCache(options.cache, given.base),
      cacheFor: findCache(options.cache, given.base),
      claim: named.claim,
      keyOf: named.keyOf,
      optionsOf,
      options: fixed,
      refreshOf,
    };
  };
  let complete: FunctionPlan | undefined;
  let early: FunctionPlan | undefined;
  return (self) => {
    if (complete !== undefined) return complete;
    const owner = ownerOf(site, wrapper(), self);
    return owner === undefined ? (early ??= planIn(undefined)) : (complete = planIn(owner));
  };
}

/** The plan of calls; another one than without a class only where the class says something. */
function planned(calls: CallPlan, texts: CallTextCompiler, owner: object | undefined, given: Given): CallPlan {
  const { cache: _cache, enabled: _enabled, id: _id, ...defaults } = defaultsOf(owner);
  if (Object.keys(defaults).length === 0) return calls;
  return planCalls({ ...defaults, ...withoutUndefined(given.options) }, texts.compileTemplate);
}

function optionsIn(owner: object | undefined, { options }: Given): CachedOptions {
  return { ...withoutUndefined(defaultsOf(owner)), ...withoutUndefined(options) };
}

/** The key of a method that has none: its class, its name, its arguments. */
function nameKey(
  site: Site,
  owner: object | undefined,
  id: string | undefined,
  classId: string | undefined,
): { readonly keyOf: KeyFromCall; readonly claim: FunctionPlan["claim"] } {
  const { property, isStatic, marks } = site;
  const place = placeOf(site);
  if (id !== undefined) {
    const prefix = escapeName(id);
    return {
      keyOf: defaultKey(prefix, place, marks.ignored),
      claim: once((cache) => claimName(cache, prefix, owner ?? site, property, "method")),
    };
  }
  if (owner === undefined) {
    const rule =
      "must be called on an object of its class, or have an id: a method without a key is known by its class";
    throw new CacheError("invalid_decorator", `${place} ${rule}, got no class`);
  }
  const className: unknown = classId ?? (owner as { readonly name: unknown }).name;
  if (classId === undefined) checkName(className, "class", "an id");
  const prefix = `${isStatic ? "static " : ""}${escapeName(className as string)}.${escapeName(String(property))}`;
  return {
    keyOf: defaultKey(prefix, place, marks.ignored),
    claim: once((cache) => {
      claimName(cache, `class ${className as string}`, owner, undefined, "class");
      claimName(cache, prefix, owner, property, "method");
    }),
  };
}

/** Does nothing for the cache of the last time. */
function once(claim: (cache: object) => void): (cache: object) => void {
  let last: WeakRef<object> | undefined;
  return (cache) => {
    if (last?.deref() === cache) return;
    claim(cache);
    last = new WeakRef(cache);
  };
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
