// An oracle for "comes back as it went in", stricter than the equality of any assertion library.

import { types } from "node:util";

/** Where and how two values differ, as a text; `undefined` when nothing tells them apart. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return new Comparison().compare(actual, expected, "value");
}

const regExpText = (value: object): string => RegExp.prototype.toString.call(value);

class Comparison {
  /** Which object stands for which: sharing and cycles have to be the same on both sides. */
  readonly #partners = new Map<unknown, unknown>();
  readonly #reverse = new Map<unknown, unknown>();

  compare(actual: unknown, expected: unknown, path: string): string | undefined {
    if (typeof expected !== "object" || expected === null)
      return Object.is(actual, expected) ? undefined : `${path}: ${String(actual)} is not ${String(expected)}`;
    if (typeof actual !== "object" || actual === null) return `${path}: no object`;
    if (this.#partners.has(expected) || this.#reverse.has(actual))
      return this.#partners.get(expected) === actual ? undefined : `${path}: shared otherwise`;
    this.#partners.set(expected, actual);
    this.#reverse.set(actual, expected);
    if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return `${path}: another prototype`;
    return this.#compareContents(actual, expected, path) ?? this.#compareMembers(actual, expected, path);
  }

  #compareContents(actual: object, expected: object, path: string): string | undefined {
    if (types.isDate(expected))
      return this.compare((actual as Date).getTime(), expected.getTime(), `${path}.getTime()`);
    if (types.isRegExp(expected)) return this.compare(regExpText(actual), regExpText(expected), path);
    if (types.isMap(expected)) return this.#compareLists([...(actual as typeof expected)], [...expected], path);
    if (types.isSet(expected)) return this.#compareLists([...(actual as typeof expected)], [...expected], path);
    if (types.isNativeError(expected)) return types.isNativeError(actual) ? undefined : `${path}: no error inside`;
    if (types.isAnyArrayBuffer(expected)) return this.#compareBytes(actual as ArrayBuffer, expected, path);
    if (!ArrayBuffer.isView(expected)) return undefined;
    const { buffer, byteOffset, byteLength } = actual as DataView;
    return this.#compareBytes(
      buffer.slice(byteOffset, byteOffset + byteLength),
      expected.buffer.slice(expected.byteOffset, expected.byteOffset + expected.byteLength),
      path,
    );
  }

  #compareLists(actual: unknown[], expected: unknown[], path: string): string | undefined {
    if (actual.length !== expected.length) return `${path}: another size`;
    for (const [index, member] of expected.entries()) {
      const pair = Array.isArray(member) ? member : [member];
      const other = actual[index];
      const otherPair = Array.isArray(member) && Array.isArray(other) ? other : [other];
      for (const [side, part] of pair.entries()) {
        const found = this.compare(otherPair[side], part, `${path}#${index}`);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #compareBytes(actual: ArrayBufferLike, expected: ArrayBufferLike, path: string): string | undefined {
    return Buffer.from(actual).equals(Buffer.from(expected)) ? undefined : `${path}: other bytes`;
  }

  /** Names, order, visibility and values of own members; those of byte views are their bytes. */
  #compareMembers(actual: object, expected: object, path: string): string | undefined {
    if (ArrayBuffer.isView(expected)) return undefined;
    const names = Object.getOwnPropertyNames(expected);
    if (Object.getOwnPropertyNames(actual).join() !== names.join()) return `${path}: other members`;
    for (const name of names) {
      const isEnumerable = Object.prototype.propertyIsEnumerable;
      if (isEnumerable.call(actual, name) !== isEnumerable.call(expected, name)) return `${path}.${name}: visibility`;
      const found = this.compare(Reflect.get(actual, name), Reflect.get(expected, name), `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
