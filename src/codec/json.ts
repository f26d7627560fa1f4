// The codec for values that JSON carries unchanged, readable by every other program.

import type { Codec } from "../contracts/codec.ts";
import { asBuffer } from "./frame-layout.ts";
import { isDense } from "./plain-tree.ts";
import { memberStep, refused } from "./refuse.ts";

/** Recursion has an end, here and in `JSON` itself. */
const MAX_DEPTH = 1_000;

/**
 * Carries `null`, booleans, finite numbers but `-0`, strings, dense arrays and plain objects of these. Refuses what JSON
 * would change or drop: `undefined`, also as a member, `NaN`, `-0`, BigInt, Date, Map, bytes, class instances, symbols,
 * cycles, more than 1,000 levels. What is shared comes back as equal copies. A getter counts as the value it gives.
 */
export const jsonCodec: Codec = {
  id: 2,
  name: "json",

  encode(value: unknown): Uint8Array {
    const trouble = findTrouble(value, []);
    if (trouble !== undefined) {
      const path = ["value", ...trouble.steps.toReversed()].join("");
      throw refused(path, "what JSON carries unchanged", trouble.value);
    }
    return Buffer.from(JSON.stringify(value));
  },

  decode(bytes: Uint8Array): unknown {
    return JSON.parse(asBuffer(bytes).toString());
  },
};

/** A part that JSON would change, and the way to it, from its end to its beginning. */
interface Trouble {
  readonly value: unknown;
  readonly steps: string[];
}

function findTrouble(value: unknown, ancestors: object[]): Trouble | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? undefined : { value, steps: [] };
    case "object":
      return value === null ? undefined : findTroubleInside(value, ancestors);
    default:
      return { value, steps: [] };
  }
}

function findTroubleInside(object: object, ancestors: object[]): Trouble | undefined {
  if (!isContainer(object) || ancestors.includes(object) || ancestors.length === MAX_DEPTH)
    return { value: object, steps: [] };
  ancestors.push(object);
  for (const key of keysOf(object)) {
    const trouble =
      typeof key === "symbol" ? { value: key, steps: [] } : findTrouble(Reflect.get(object, key), ancestors);
    if (trouble === undefined) continue;
    trouble.steps.push(memberStep(object, key));
    return trouble;
  }
  ancestors.pop();
  return undefined;
}

/** What is not enumerable is not data. */
function keysOf(object: object): readonly (string | symbol)[] {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length === 0) return Object.keys(object);
  const isEnumerable = (key: symbol): boolean => Object.prototype.propertyIsEnumerable.call(object, key);
  return [...Object.keys(object), ...symbols.filter(isEnumerable)];
}

function isContainer(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return Array.isArray(object) ? prototype === Array.prototype && isDense(object) : prototype === Object.prototype;
}
