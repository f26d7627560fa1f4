// Which values JSON carries unchanged.

import { types } from "../model/node-util.ts";
import type { CacheError } from "../errors.ts";
import { isDense } from "./plain-tree.ts";
import { memberStep, refused } from "./refuse.ts";

/** Recursion has an end, here and in `JSON` itself. */
export const MAX_DEPTH = 1_000;

/**
 * Answers whether `JSON.stringify` writes it as it is: it would call a `toJSON` that is not enumerable, and so no data.
 * @throws CacheError `unserializable` for a value that JSON would change; the message names the path
 */
export function assertJson(value: unknown): boolean {
  const walk: Walk = { ancestors: [], hasToJson: false };
  const trouble = findTrouble(value, walk);
  if (trouble !== undefined) throw refusedJson(trouble.steps.toReversed(), trouble.value);
  return !walk.hasToJson;
}

/** @param steps the way to the part that JSON would change */
export function refusedJson(steps: readonly string[], value: unknown): CacheError {
  return refused(["value", ...steps].join(""), "what JSON carries unchanged", value);
}

/** A part that JSON would change, and the way to it, from its end to its beginning. */
interface Trouble {
  readonly value: unknown;
  readonly steps: string[];
}

/** One look at a value. */
interface Walk {
  readonly ancestors: object[];
  hasToJson: boolean;
}

function findTrouble(value: unknown, walk: Walk): Trouble | undefined {
  if (typeof value === "object" && value !== null) return findTroubleInside(value, walk);
  return isJsonPrimitive(value) ? undefined : { value, steps: [] };
}

/** Whether a value that is no object comes back from JSON as it is. */
export function isJsonPrimitive(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value === "string" || typeof value === "boolean";
}

function findTroubleInside(object: object, walk: Walk): Trouble | undefined {
  const { ancestors } = walk;
  if (!isContainer(object) || ancestors.includes(object) || ancestors.length === MAX_DEPTH)
    return { value: object, steps: [] };
  ancestors.push(object);
  if (Object.hasOwn(object, "toJSON")) walk.hasToJson = true;
  for (const key of keysOf(object)) {
    const trouble = typeof key === "symbol" ? { value: key, steps: [] } : findTrouble(Reflect.get(object, key), walk);
    if (trouble === undefined) continue;
    trouble.steps.push(memberStep(object, key));
    return trouble;
  }
  ancestors.pop();
  return undefined;
}

/** What is not enumerable is not data. */
export function keysOf(object: object): readonly (string | symbol)[] {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length === 0) return Object.keys(object);
  const isEnumerable = (key: symbol): boolean => Object.prototype.propertyIsEnumerable.call(object, key);
  return [...Object.keys(object), ...symbols.filter(isEnumerable)];
}

/** Whether an object is one that JSON has: a dense array, or a plain object. */
export function isContainer(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (Array.isArray(object)) return prototype === Array.prototype && isDense(object);
  return prototype === Object.prototype && !types.isArgumentsObject(object);
}
