// Small checks of what users pass in. Each returns the value, or throws an error that names field, rule and value.

import { badInput, CacheError, show, type CacheErrorCode } from "../errors.ts";

/** An object whose members are all known. @throws CacheError `code` */
export function checkObject<T extends object>(
  value: unknown,
  known: readonly (keyof T & string)[],
  field: string,
  code: CacheErrorCode = "invalid_option",
): asserts value is T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badInput(code, field, "an object", value);
  }
  for (const name of Object.keys(value)) {
    if ((known as readonly string[]).includes(name)) continue;
    throw new CacheError(code, `${field} must hold known options only (${known.join(", ")}), got ${show(name)}`);
  }
}

/** `true` or `false`; `fallback` for `undefined`. */
export function checkBoolean(value: unknown, fallback: boolean, field: string): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== "boolean") throw badInput("invalid_option", field, "true or false", value);
  return value;
}

/** A whole number of at least `min`; `fallback` for `undefined`. */
export function checkInteger(value: unknown, min: number, fallback: number, field: string): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return value;
  throw badInput("invalid_option", field, `a whole number of at least ${min}`, value);
}

/** A number from 0 to `max`; `fallback` for `undefined`. */
export function checkNumber(value: unknown, max: number, fallback: number, field: string): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= 0 && value <= max && value !== Infinity) return value;
  throw badInput("invalid_option", field, max === Infinity ? "a number of at least 0" : `from 0 to ${max}`, value);
}

/** A function, or `fallback` for `undefined`. */
export function checkFunction<F>(value: F | undefined, fallback: F, field: string): F {
  if (value === undefined) return fallback;
  if (typeof value !== "function") throw badInput("invalid_option", field, "a function", value);
  return value;
}

/** One of `choices`; `fallback` for `undefined`. */
export function checkChoice<C extends string>(value: unknown, choices: readonly C[], fallback: C, field: string): C {
  if (value === undefined) return fallback;
  if (choices.includes(value as C)) return value as C;
  throw badInput("invalid_option", field, `one of ${choices.map((choice) => show(choice)).join(", ")}`, value);
}

/** Whether a value is a promise, or behaves like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
