// The form in which values travel that MessagePack alone would change: a table of nodes that point to each other.

import { BYTES, ERRORS, prototypesOf } from "../model/built-ins.ts";

/**
 * A graph is `[slot, node, node, …]`: the value itself, then the objects it is made of. A slot is a primitive as it is,
 * or, since no object stands in a slot, an array that means something else: `[n]` is the n-th node, `[]` is -0, and
 * `[0, bytes]` a text in UTF-16, which UTF-8 cannot hold. Nodes begin with their kind, and continue as told here.
 */
export const NODE = {
  /** Slots: key, member, key, member, … Keys are texts. */
  object: "o",
  /** The same, without prototype. */
  bare: "n",
  /** Slots: one per member. */
  array: "a",
  /** The length, then keys and members as those of an object: an array with holes or with named members. */
  sparse: "s",
  /** Milliseconds, `NaN` for an invalid date. */
  date: "d",
  /** A slot with the source, flags, `lastIndex`. */
  regExp: "r",
  /** Slots: key, value, key, value, … */
  map: "m",
  /** Slots: one per member. */
  set: "t",
  /** The name of the class, the bytes. */
  bytes: "b",
  /** The name of the class, then for each own member: key, whether it is enumerable, member. */
  error: "e",
  /** The name of a taught class, then the slot of what its instance is made of. */
  extension: "x",
} as const;

/** Stands before the bytes of a text in UTF-16. */
export const UTF16_TEXT = 0;

/** What a graph carries without being taught. Classes of errors and bytes go by their names. */
export const GRAPH_PROTOTYPES: ReadonlySet<unknown> = prototypesOf([
  ...[Object, Array, Date, Map, Set, RegExp],
  ...Object.values(ERRORS),
  ...Object.values(BYTES),
]);
