// Cached methods that override cached ones: tells a call by `super` from one by a user.

import { isCached, planCall, type PlannedCall } from "../call-verbs.ts";
import { type CachedMethod, cachedMethodOf } from "./methods.ts";
import type { Method } from "./site.ts";

/**
 * Whether a call comes, by `super`, from inside the flight of its own key: from a method that overrides this one and is
 * cached under the same key. All overriding methods stand before this one on the prototype chain.
 */
export function isPartOf(
  call: PlannedCall,
  self: unknown,
  args: unknown[],
  own: CachedMethod,
  wrapper: Method,
): boolean {
  const { property } = own.site;
  if ((self as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[property] === wrapper) return false;
  for (let holder = toObject(self); holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const found: unknown = Object.getOwnPropertyDescriptor(holder, property)?.value;
    const method = cachedMethodOf(found);
    if (method === own) return false;
    if (method !== undefined && plansSame(method, self, args, call)) return true;
  }
  return false;
}

/** An overriding method may take other arguments, of which these here make no key: then it is not the same. */
function plansSame(method: CachedMethod, self: unknown, args: unknown[], call: PlannedCall): boolean {
  try {
    const plan = method.planFor(self);
    if (!isCached(plan, self, args)) return false;
    const outer = planCall(plan, self, args);
    return outer.key === call.key && outer.cache === call.cache && outer.options.namespace === call.options.namespace;
  } catch {
    return false;
  }
}

function toObject(self: unknown): object | null {
  return self === null || self === undefined ? null : (Object(self) as object);
}
