// The place a decorator stands on, and the class it is in.

import type { DesignTypes } from "./metadata.ts";
import type { ParameterMarks } from "./parameter-marks.ts";

/** A method as the wrapper calls it. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The place a decorator stands on. */
export interface Site {
  readonly property: string | symbol;
  readonly isStatic: boolean;
  /** Whether it is a `#private` method, which nothing can override. */
  readonly isPrivate: boolean;
  readonly types: DesignTypes;
  /** What `@KeyParam` and `@KeyIgnore` said. */
  readonly marks: ParameterMarks;
  /** What standard decorators of one class have in common, where the compiler makes it. */
  readonly metadata: object | undefined;
  /** The class, as far as known: standard decorators of methods are not told. */
  owner: object | undefined;
}

const originals = new WeakMap<object, Method>();

/** Notes which method a wrapper was made for. */
export function noteOriginal(wrapper: Method, method: Method): void {
  originals.set(wrapper, method);
}

/** The method a wrapper was made for, through all layers of wrappers of this library. */
export function originalOf(method: Method): Method {
  let original = method;
  for (const inner of layersOf(method)) original = inner;
  return original;
}

/** A method, and what it wraps, from the outermost layer to the innermost. */
export function* layersOf(method: Method): Generator<Method, void, undefined> {
  for (let layer: Method | undefined = method; layer !== undefined; layer = originals.get(layer)) yield layer;
}

/** How messages call a method of a class. */
export function placeOf({ property, owner, isStatic }: Site): string {
  const name: unknown = owner === undefined ? undefined : (owner as { name?: unknown }).name;
  return `${isStatic ? "static " : ""}${typeof name === "string" && name !== "" ? `${name}.` : ""}${String(property)}`;
}

/** The class of a method, found from an object it is called on; `undefined` where that does not tell. */
export function ownerOf(site: Site, wrapper: Method, self: unknown): object | undefined {
  if (site.owner === undefined && typeof self === "object" && self !== null) {
    site.owner = findOwner(site, wrapper, [...prototypesOf(self)]);
  }
  return site.owner;
}

/** The prototype that has the method; else the one of the same metadata; else the only one it can be. */
function findOwner(site: Site, wrapper: Method, prototypes: readonly object[]): object | undefined {
  const { property, metadata, isPrivate } = site;
  const methodOf = (holder: object): unknown => Object.getOwnPropertyDescriptor(holder, property)?.value;
  const holds = (holder: object): boolean => {
    const found = methodOf(holder);
    return typeof found === "function" && [...layersOf(found as Method)].includes(wrapper);
  };
  const found =
    prototypes.find(holds) ??
    prototypes.find((holder) => metadata !== undefined && metadataOf(classOf(holder)) === metadata) ??
    only(isPrivate ? prototypes : prototypes.filter((holder) => typeof methodOf(holder) === "function"));
  return found && classOf(found);
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** All prototypes of an object but the last, which is that of all objects. */
export function* prototypesOf(self: object): Generator<object, void, undefined> {
  let prototype = Object.getPrototypeOf(self) as object | null;
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
    if (Object.getPrototypeOf(prototype) !== null) yield prototype;
  }
}

function classOf(prototype: object): object | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof type === "function" ? type : undefined;
}

/** The metadata of standard decorators that a class has for itself. */
export function metadataOf(type: object | undefined): object | undefined {
  const symbol = (Symbol as { readonly metadata?: symbol }).metadata ?? Symbol.for("Symbol.metadata");
  return type && (Object.getOwnPropertyDescriptor(type, symbol)?.value as object | undefined);
}
