// What keeps callers from changing a cached object: deep copies, or deep freezing.

import { CacheError, show } from "../errors.ts";
import { BYTES, ERRORS, prototypesOf } from "../model/built-ins.ts";
import { types } from "../model/node-util.ts";

/**
 * A deep copy. Unlike `structuredClone` it keeps Buffers, and it refuses what it could not copy faithfully instead
 * of changing it in silence. Cycles and shared references are kept.
 * @throws CacheError `unserializable` for functions, symbols and class instances; the message names the path
 */
export function cloneValue(value: unknown): unknown {
  return typeof value === "object" && value !== null
    ? new Cloner().clone(value, "value")
    : refuseFunction(value, "value");
}

/** Freezes an object and all that it holds, in place. What JavaScript cannot freeze (Map, Set, Date, bytes) stays. */
export function freezeValue(value: unknown, seen: Set<object> = new Set()): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || seen.has(value)) return value;
  seen.add(value);
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) freezeValue(Reflect.get(value, key), seen);
  return value;
}

function refuseFunction(value: unknown, path: string): unknown {
  if (typeof value !== "function" && typeof value !== "symbol") return value;
  throw unserializable(value, path);
}

function unserializable(value: unknown, path: string): CacheError {
  const kind = typeof value === "object" ? `an instance of ${(value as object).constructor?.name ?? "?"}` : show(value);
  return new CacheError("unserializable", `${path} must be plain data to be copied, got ${kind}`);
}

/** The bytes a view shows, not the whole buffer behind it. */
function copyBytes(value: ArrayBuffer | ArrayBufferView): object {
  if (value instanceof ArrayBuffer) return value.slice(0);
  const { buffer, byteOffset, byteLength } = value;
  if (value instanceof DataView) return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
  return (value as Uint8Array).slice();
}

/** Members that a copy would come without. */
function refuseSymbols(value: object, path: string): void {
  for (const key of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, key)) throw unserializable(key, `${path}.${String(key)}`);
  }
}

/** The same for a built-in, on which somebody may have hung something. */
function refuseExtras(value: object, path: string): void {
  refuseSymbols(value, path);
  for (const key of Object.keys(value)) {
    const rule = "left as the language made it, to be copied";
    throw new CacheError("unserializable", `${path} must be ${rule}, got a member ${show(key)}`);
  }
}

const ERROR_PROTOTYPES = prototypesOf(Object.values(ERRORS));
const BYTES_PROTOTYPES = prototypesOf(Object.values(BYTES));

/** Built-ins whose copy is made of what is inside them: members of their own would be lost. */
const COPIED_BY_CONTENT = prototypesOf([Date, RegExp, Map, Set]);

/** One copy in progress: remembers what it has copied, for cycles. */
class Cloner {
  readonly #copies = new Map<object, object>();

  clone(value: unknown, path: string): unknown {
    if (typeof value !== "object" || value === null) return refuseFunction(value, path);
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Array.prototype) return this.#members(value, new Array((value as unknown[]).length), path);
    if (types.isArgumentsObject(value)) throw unserializable(value, path);
    if (prototype === Object.prototype) return this.#members(value, {}, path);
    if (prototype === null) return this.#members(value, Object.create(null) as object, path);
    return this.#special(value, prototype, path);
  }

  #members(source: object, copy: object, path: string): object {
    this.#copies.set(source, copy);
    refuseSymbols(source, path);
    for (const key of Object.keys(source)) {
      const at = Array.isArray(source) ? `${path}[${key}]` : `${path}.${key}`;
      const member = this.clone(Reflect.get(source, key), at);
      // Not an assignment: a member called "__proto__" must stay a member.
      Object.defineProperty(copy, key, { value: member, writable: true, enumerable: true, configurable: true });
    }
    return copy;
  }

  #special(value: object, prototype: unknown, path: string): object {
    if (COPIED_BY_CONTENT.has(prototype)) refuseExtras(value, path);
    switch (prototype) {
      case Date.prototype:
        return this.#keep(value, new Date(value as Date));
      case RegExp.prototype: {
        const copy = new RegExp(value as RegExp);
        copy.lastIndex = (value as RegExp).lastIndex;
        return this.#keep(value, copy);
      }
      case Map.prototype:
        return this.#map(value as Map<unknown, unknown>, path);
      case Set.prototype:
        return this.#set(value as Set<unknown>, path);
      case Buffer.prototype:
        return this.#keep(value, Buffer.from(value as Buffer));
      default:
        return this.#builtIn(value, prototype, path);
    }
  }

  #map(source: Map<unknown, unknown>, path: string): object {
    const copy = this.#keep(source, new Map<unknown, unknown>());
    for (const [key, member] of source)
      copy.set(this.clone(key, `${path}.keys()`), this.clone(member, `${path}.get(${show(key)})`));
    return copy;
  }

  #set(source: Set<unknown>, path: string): object {
    const copy = this.#keep(source, new Set<unknown>());
    for (const member of source) copy.add(this.clone(member, `${path}.values()`));
    return copy;
  }

  #builtIn(value: object, prototype: unknown, path: string): object {
    if (ERROR_PROTOTYPES.has(prototype)) return this.#error(value as Error, path);
    if (BYTES_PROTOTYPES.has(prototype)) return this.#keep(value, copyBytes(value as ArrayBuffer | ArrayBufferView));
    throw unserializable(value, path);
  }

  /** An error's own members, `message`, `stack` and `cause` among them, are copied with their visibility. */
  #error(source: Error, path: string): object {
    const constructor = source.constructor as ErrorConstructor;
    const copy = this.#keep(
      source,
      Reflect.construct(constructor, source instanceof AggregateError ? [[]] : []) as object,
    );
    for (const key of Reflect.ownKeys(source)) {
      const member = this.clone(Reflect.get(source, key), `${path}.${String(key)}`);
      const enumerable = Object.prototype.propertyIsEnumerable.call(source, key);
      Object.defineProperty(copy, key, { value: member, writable: true, enumerable, configurable: true });
    }
    return copy;
  }

  #keep<C extends object>(source: object, copy: C): C {
    this.#copies.set(source, copy);
    return copy;
  }
}
