// Shapes of plain objects: their keys, and how MessagePack defines a record of them. Most objects have one that was met before.

import { isPlainText } from "./plain-tree.ts";

/** The ids of records begin here. Smaller numbers are written as they are. */
export const FIRST_RECORD = 0x40;
/** A payload has so many kinds of records at most. */
export const MAX_RECORDS = 64;
/** Objects with more keys than that are tables rather than records. */
const MAX_KEYS = 64;
/** Which shapes are remembered: so many in each of so many places, found by a few keys, or bytes. */
const PLACES = 64;
const PER_PLACE = 4;

/** The keys of an object, in their order. */
export class Shape {
  readonly keys: readonly string[];
  /** The same as an array of MessagePack. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly length: number;
  /** An object of this shape, to make others of: that takes a third of the time of adding the keys one by one. */
  readonly empty: Readonly<Record<string, unknown>>;
  /** In which payload it was defined last, and as which record there. */
  definedIn = 0;
  id = 0;

  constructor(keys: readonly string[], bytes: Uint8Array) {
    this.keys = keys;
    this.bytes = bytes;
    this.length = bytes.length;
    this.empty = Object.fromEntries(keys.map((key) => [key, undefined]));
  }
}

/** Whether records can have these keys: `__proto__` is none that an object literal has. */
export function canBeKeys(keys: readonly string[]): boolean {
  return keys.length <= MAX_KEYS && keys.every((key) => key !== "__proto__" && isPlainText(key));
}

/** Shapes that have been met lately. */
export class Shapes {
  readonly #places: Shape[][] = Array.from({ length: PLACES }, () => []);
  #replaced = 0;

  /** Those that may be the one that is looked for. @param hash any whole number, the same for the same shape */
  at(hash: number): readonly Shape[] {
    return this.#places[hash & (PLACES - 1)] as Shape[];
  }

  /** Remembers one, and perhaps forgets another. */
  add(hash: number, shape: Shape): Shape {
    const place = this.#places[hash & (PLACES - 1)] as Shape[];
    if (place.length < PER_PLACE) place.push(shape);
    else place[this.#replaced++ % PER_PLACE] = shape;
    return shape;
  }
}
