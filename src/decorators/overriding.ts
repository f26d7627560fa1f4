// Cached methods that override cached ones: tells a call by `super` from one by a user.

import { type CallCache, isCached, planCall } from "../call-verbs.ts";
import type { GetOptions } from "../model/call-options.ts";
import { type CachedMethod, cachedMethodOf } from "./methods.ts";
import type { Method } from "./site.ts";

/** Whether a call comes from inside the flight of its own key. */
export type IsPart = (
  self: unknown,
  args: unknown[],
  ...call: readonly [CallCache, string, GetOptions | undefined]
) => boolean;

/**
 * Tells whether calls of a wrapper come, by `super`, from inside the flight of their own key: from a method that
 * overrides this one and is cached under the same key. All overriding methods stand before this one on the prototype
 * chain. Objects of the prototype that was seen last, where none did, are not looked at again.
 */
export function partChecker(own: CachedMethod, wrapper: () => Method): IsPart {
  const { property, isPrivate } = own.site;
  let harmless: unknown;
  return (self, args, cache, key, options) => {
    if (isPrivate || self === null || typeof self !== "object")
      return !isPrivate && isOverridden(own, self, args, cache, key, options);
    const prototype: unknown = Object.getPrototypeOf(self);
    if (prototype === harmless) return false;
    if ((self as Readonly<Record<PropertyKey, unknown>>)[property] === wrapper()) {
      if (prototype !== null && !Object.hasOwn(self, property)) harmless = prototype;
      return false;
    }
    return isOverridden(own, self, args, cache, key, options);
  };
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
