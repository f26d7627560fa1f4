// Cached methods that override cached ones: tells a call by `super` from one by a user.

import { type CallCache, isCached, planCall } from "../call-verbs.ts";
import type { GetOptions } from "../model/call-options.ts";
import { type CachedMethod, cachedMethodOf } from "./methods.ts";
import type { Method, Site } from "./site.ts";

/** Whether a call comes from inside the flight of its own key. */
export type IsPart = (
  self: unknown,
  args: unknown[],
  ...call: readonly [CallCache, string, GetOptions | undefined]
) => boolean;

/**
 * Tells whether calls of a wrapper come, by `super`, from inside the flight of their own key: from a method that
 * overrides this one and is cached under the same key. All overriding methods stand before this one on the prototype
 * chain.
 */
export function partChecker(own: CachedMethod, wrapper: () => Method): IsPart {
  return (self, args, ...call) => !isOfObject(self, own.site, wrapper()) && isOverridden(own, self, args, ...call);
}

/** Whether the method is the object's own one of its name: nothing overrides it. A private one is always. */
export function isOfObject(self: unknown, { property, isPrivate }: Site, wrapper: Method): boolean {
  if (isPrivate) return true;
  return (self as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[property] === wrapper;
}

function isOverridden(
  own: CachedMethod,
  self: unknown,
  args: unknown[],
  ...call: readonly [CallCache, string, GetOptions | undefined]
): boolean {
  for (let holder = toObject(self); holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const method = cachedMethodOf(Object.getOwnPropertyDescriptor(holder, own.site.property)?.value);
    if (method === own) return false;
    if (method !== undefined && plansSame(method, self, args, call)) return true;
  }
  return false;
}

/** An overriding method may take other arguments, of which these here make no key: then it is not the same. */
function plansSame(
  method: CachedMethod,
  self: unknown,
  args: unknown[],
  [cache, key, options]: readonly [CallCache, string, GetOptions | undefined],
): boolean {
  try {
    const plan = method.planFor(self);
    if (!isCached(plan, self, args)) return false;
    const outer = planCall(plan, self, args);
    return outer.key === key && outer.cache === cache && outer.options?.namespace === options?.namespace;
  } catch {
    return false;
  }
}

function toObject(self: unknown): object | null {
  return self === null || self === undefined ? null : (Object(self) as object);
}
