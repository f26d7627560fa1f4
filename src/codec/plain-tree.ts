// Tells the values that MessagePack carries unchanged from those that need more care. Fast: it runs before every write.

import { types } from "../model/node-util.ts";

/** Deeper values are rare, and recursion has an end. */
export const MAX_DEPTH = 100;

/**
 * Whether msgpackr gives this value back as it is: a tree of primitives, plain objects, dense arrays, and the built-ins
 * it gets right. The answer may be `false` for a value that it would: then the way over the graph is only slower.
 * For a product page of 1 KB this costs a third of the packing.
 */
export function isPlainTree(value: unknown): boolean {
  return isPlain(value, new Seen(), 0);
}

/** So many are looked through quicker than a Set is made. */
const FEW = 16;

/** Objects that have been met. */
class Seen {
  readonly #few: object[] = [];
  #more: Set<object> | undefined;

  /** Answers whether it is a new one. */
  add(object: object): boolean {
    if (this.#few.includes(object)) return false;
    if (this.#few.length < FEW) this.#few.push(object);
    else {
      this.#more ??= new Set();
      const count = this.#more.size;
      return this.#more.add(object).size > count;
    }
    return true;
  }
}

function isPlain(value: unknown, seen: Seen, depth: number): boolean {
  switch (typeof value) {
    case "string":
      return isPlainText(value);
    case "number":
      return value !== 0 || 1 / value > 0;
    case "boolean":
    case "bigint":
    case "undefined":
      return true;
    case "object":
      return value === null || isPlainObject(value, seen, depth);
    default:
      return false;
  }
}

/**
 * MessagePack holds UTF-8, which has no lone surrogates; and the `TextDecoder` of msgpackr swallows a byte order mark.
 */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff;
}

function isPlainObject(value: object, seen: Seen, depth: number): boolean {
  // Seen before: shared or a cycle.
  if (!seen.add(value) || depth > MAX_DEPTH) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return areMembersPlain(value as Record<string, unknown>, seen, depth + 1);
  if (prototype === Array.prototype) return isPlainArray(value, seen, depth + 1);
  return isPlainBuiltIn(value, prototype, seen, depth + 1);
}

function areMembersPlain(object: Record<string, unknown>, seen: Seen, depth: number): boolean {
  for (const key in object)
    if (key === "__proto__" || !isPlainText(key) || !isPlain(object[key], seen, depth)) return false;
  return Object.getOwnPropertySymbols(object).length === 0;
}

function isPlainArray(array: object, seen: Seen, depth: number): boolean {
  if (!Array.isArray(array) || !isDense(array)) return false;
  for (const member of array) if (!isPlain(member, seen, depth)) return false;
  return Object.getOwnPropertySymbols(array).length === 0;
}

/** Whether an array has no holes, and no named members such as those of a RegExp match. */
export function isDense(array: readonly unknown[]): boolean {
  if (Object.keys(array).length !== array.length) return false;
  // As many keys as members, still one may stand for a hole.
  for (let index = 0; index < array.length; index++)
    if (array[index] === undefined && !Object.hasOwn(array, index)) return false;
  return true;
}

function isPlainBuiltIn(value: object, prototype: unknown, seen: Seen, depth: number): boolean {
  switch (prototype) {
    case Date.prototype:
      return types.isDate(value) && Reflect.ownKeys(value).length === 0;
    case Map.prototype:
      return types.isMap(value) && Reflect.ownKeys(value).length === 0 && isPlainMap(value, seen, depth);
    case Set.prototype:
      return types.isSet(value) && Reflect.ownKeys(value).length === 0 && isPlainSet(value, seen, depth);
    case Buffer.prototype:
      return types.isUint8Array(value) && value.constructor === Buffer && !types.isSharedArrayBuffer(value.buffer);
    default:
      return false;
  }
}

function isPlainMap(map: ReadonlyMap<unknown, unknown>, seen: Seen, depth: number): boolean {
  for (const [key, member] of map) if (!isPlain(key, seen, depth) || !isPlain(member, seen, depth)) return false;
  return true;
}

function isPlainSet(set: ReadonlySet<unknown>, seen: Seen, depth: number): boolean {
  for (const member of set) if (!isPlain(member, seen, depth)) return false;
  return true;
}
