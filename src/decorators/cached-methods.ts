// cachedMethods: what is cached in a class, for tools.

import { badInput } from "../errors.ts";
import { type CachedMethod, ownMethods } from "./methods.ts";
import { prototypesOf } from "./site.ts";
import type { CachedOptions, KeySource } from "./types.ts";

/** A cached method as it was declared. */
export interface CachedMethodInfo {
  readonly name: string | symbol;
  readonly isStatic: boolean;
  readonly isPrivate: boolean;
  /** Whether `@CachedSync` made it. */
  readonly isSync: boolean;
  /** The template or function; `undefined` where keys are made of names and arguments. */
  readonly key: KeySource | undefined;
  /** What the decorator was told, over what the class says. */
  readonly options: CachedOptions;
}

/**
 * The cached methods of a class: its static ones, then those of its objects; its own, then those it inherits and does
 * not override. `#private` methods are among them where the compiler makes metadata for standard decorators.
 * @throws CacheError `invalid_argument` for what is no class
 */
export function cachedMethods(type: abstract new (...args: never[]) => unknown): readonly CachedMethodInfo[] {
  if (typeof type !== "function" || typeof type.prototype !== "object") {
    throw badInput("invalid_argument", "cachedMethods", "given a class", type);
  }
  const prototype = type.prototype as object;
  return [...inChain([type, ...prototypesOf(type)]), ...inChain([prototype, ...prototypesOf(prototype)])].map(describe);
}

/** The methods of holders of which each overrides those behind it; private ones override nothing. */
function inChain(holders: readonly object[]): CachedMethod[] {
  const found: CachedMethod[] = [];
  const seen = new Set<string | symbol>();
  for (const holder of holders) {
    found.push(...ownMethods(holder).filter(({ site }) => site.isPrivate || !seen.has(site.property)));
    for (const name of Reflect.ownKeys(holder)) seen.add(name);
  }
  return found;
}

function describe({ site, isSync, key, options }: CachedMethod): CachedMethodInfo {
  const { property, isStatic, isPrivate } = site;
  return Object.freeze({ name: property, isStatic, isPrivate, isSync, key, options: Object.freeze(options()) });
}
