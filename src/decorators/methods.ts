// The decorated methods there are: found by wrapper, by class and name, or by the metadata of standard decorators.

import type { CallVerbs, FunctionPlan } from "../call-verbs.ts";
import { layersOf, metadataOf, type Method, type Site } from "./site.ts";
import type { CachedOptions, KeySource } from "./types.ts";

/** A cached method, as tools and handles see it. */
export interface CachedMethod {
  readonly site: Site;
  readonly isSync: boolean;
  readonly key: KeySource | undefined;
  /** Whether key, namespace or tags are made of properties of `this`. */
  readonly needsThis: boolean;
  readonly verbs: CallVerbs;
  /** What its calls ask, for the `this` of a call. @throws CacheError `invalid_decorator` without a name for its keys */
  readonly planFor: (self: unknown) => FunctionPlan;
  /** Its options over those of its class. */
  readonly options: () => CachedOptions;
}

const byWrapper = new WeakMap<object, CachedMethod>();

/** By prototype, or class for static methods: legacy decorators are told. */
const byTarget = new WeakMap<object, Map<string | symbol, CachedMethod>>();

/** By the metadata of the class: standard decorators are told, where the compiler makes it. */
const byMetadata = new WeakMap<object, CachedMethod[]>();

/** Notes a cached method. */
export function noteMethod(wrapper: Method, method: CachedMethod): void {
  const { metadata, owner, isStatic, property } = method.site;
  byWrapper.set(wrapper, method);
  if (metadata !== undefined) byMetadata.set(metadata, [...(byMetadata.get(metadata) ?? []), method]);
  if (owner === undefined) return;
  const target = isStatic ? owner : (owner as { prototype: object }).prototype;
  byTarget.set(target, (byTarget.get(target) ?? new Map<string | symbol, CachedMethod>()).set(property, method));
}

/** The cached method a function is, or wraps. */
export function cachedMethodOf(fn: unknown): CachedMethod | undefined {
  if (typeof fn !== "function") return undefined;
  for (const layer of layersOf(fn as Method)) {
    const method = byWrapper.get(layer);
    if (method !== undefined) return method;
  }
  return undefined;
}

/** The cached methods that a class, or its prototype, has for itself; `target` is one of both. */
export function ownMethods(target: object): CachedMethod[] {
  const isStatic = typeof target === "function";
  const type = isStatic
    ? target
    : (Object.getOwnPropertyDescriptor(target, "constructor")?.value as object | undefined);
  const metadata = metadataOf(type);
  const found = new Map<string | symbol, CachedMethod>();
  const add = (method: CachedMethod | undefined): void => {
    if (method !== undefined && !found.has(method.site.property)) found.set(method.site.property, method);
  };
  for (const property of Reflect.ownKeys(target)) {
    add(cachedMethodOf(Object.getOwnPropertyDescriptor(target, property)?.value));
    add(byTarget.get(target)?.get(property));
  }
  const known = (metadata && byMetadata.get(metadata)) ?? [];
  for (const method of known.toReversed()) if (method.site.isStatic === isStatic) add(method);
  return [...found.values()];
}

/** Tells the cached methods of a class which class they are of. */
export function claimSites(type: { readonly prototype: unknown }): void {
  for (const { site } of [...ownMethods(type), ...ownMethods(type.prototype as object)]) site.owner ??= type;
}
