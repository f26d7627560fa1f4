// Cached methods that override cached ones: tells a call by `super` from one by a user.

import type { CachedCall, PlanCall } from "./cached-call.ts";
import type { Method } from "./method-decorator.ts";

/** How the wrappers plan their calls, for wrappers that are called by an overriding method. */
const plans = new WeakMap<object, PlanCall>();

/** Notes how a wrapper plans its calls. */
export function notePlan(wrapper: Method, plan: PlanCall): void {
  plans.set(wrapper, plan);
}

/**
 * Whether a call comes, by `super`, from inside the flight of its own key: from a method that overrides this one and is
 * cached under the same key. All overriding methods stand before this one on the prototype chain.
 */
export function isPartOf(
  call: CachedCall,
  self: unknown,
  args: unknown[],
  property: string | symbol,
  wrapper: Method,
): boolean {
  if ((self as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[property] === wrapper) return false;
  for (let holder = toObject(self); holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const found: unknown = Object.getOwnPropertyDescriptor(holder, property)?.value;
    if (found === wrapper) return false;
    const plan = typeof found === "function" ? plans.get(found) : undefined;
    if (plan !== undefined && plansSame(plan, self, args, call)) return true;
  }
  return false;
}

/** An overriding method may take other arguments, of which these here make no key: then it is not the same. */
function plansSame(plan: PlanCall, self: unknown, args: unknown[], call: CachedCall): boolean {
  try {
    const outer = plan(self, args);
    return outer.key === call.key && outer.cache === call.cache && outer.options.namespace === call.options.namespace;
  } catch {
    return false;
  }
}

function toObject(self: unknown): object | null {
  return self === null || self === undefined ? null : (Object(self) as object);
}
