// Data as text: equal data give equal texts, different data different ones, whatever the order of properties.

import { types } from "../model/node-util.ts";
import { CacheError, show } from "../errors.ts";
import { describeArgument } from "../model/key-encoding.ts";

/** Deeper than this is refused: what goes so deep is no argument, and might not end. */
const MAX_DEPTH = 100;

/** What a value is, for messages; made only when there is one. */
export type Where = string | (() => string);

/** One walk: what it goes through at the moment, and where it began. */
interface Walk {
  readonly where: Where;
  readonly path: (string | number)[];
  readonly open: Set<object>;
}

/**
 * The text of a value made of primitives, plain objects, arrays (holes and `undefined` are two things), Date, RegExp,
 * Map, Set, URL, URLSearchParams, typed arrays and Buffers. Properties, the entries of a Map and the members of a Set
 * count in no order. A property that holds an AbortSignal is left out.
 *
 * Each kind begins with a sign of its own and says where it ends, so that no two values read alike.
 *
 * @param where what the value is, for messages: `{filters:hash}`
 * @throws CacheError `invalid_key_argument` for instances of classes, functions, symbols, promises and cycles: what they
 * stand for cannot be seen from outside
 */
export function encodeData(value: unknown, where: Where): string {
  return encodePrimitive(value) ?? encode(value, { where, path: [], open: new Set() });
}

function encode(value: unknown, walk: Walk): string {
  const text = encodePrimitive(value);
  if (text !== undefined) return text;
  if (typeof value !== "object" || value === null) throw refuse(value, walk);
  return encodeObject(value, walk);
}

function encodePrimitive(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "undefined":
      return "u";
    case "boolean":
      return value ? "t" : "f";
    case "bigint":
      return `${value}n`;
    default:
      return value === null ? "null" : undefined;
  }
}

/** As JSON has it. Plain ASCII needs no more than quotes, which is found out faster by hand. */
function quote(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}

function encodeObject(value: object, walk: Walk): string {
  const text = encodeLeaf(value);
  if (text !== undefined) return text;
  if (walk.open.has(value) || walk.open.size === MAX_DEPTH) throw refuse(value, walk, "a cycle, or too deep a nesting");
  walk.open.add(value);
  const encoded = encodeNested(value, walk);
  walk.open.delete(value);
  return encoded;
}

/** How far an object is from the end of its prototype chain: 1 for a plain one, 2 for a Date, 3 for a child of Date. */
function generations(value: object): number {
  let count = 0;
  for (let type: unknown = Object.getPrototypeOf(value); type !== null; type = Object.getPrototypeOf(type)) count++;
  return count;
}

/** Objects that hold no others. A class that extends theirs may hold more, and is none of them. */
function encodeLeaf(value: object): string | undefined {
  if (ArrayBuffer.isView(value)) return encodeBytes(value);
  if (types.isAnyArrayBuffer(value)) return `B${base64(new Uint8Array(value))}`;
  if (generations(value) !== 2) return undefined;
  if (types.isDate(value)) return `D${value.getTime()}`;
  if (types.isRegExp(value)) return `R${JSON.stringify(value.source)}${value.flags}`;
  if (value instanceof URL) return `L${JSON.stringify(value.href)}`;
  return value instanceof URLSearchParams ? `Q${JSON.stringify(String(value))}` : undefined;
}

function encodeBytes(view: ArrayBufferView): string {
  const type = Object.prototype.toString.call(view).slice(8, -1);
  return `${type}(${base64(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))})`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

function encodeNested(value: object, walk: Walk): string {
  const age = generations(value);
  if (age <= 1) return encodePlain(value as Readonly<Record<string, unknown>>, walk);
  if (age === 2 && Array.isArray(value)) return encodeArray(value, walk);
  if (age === 2 && types.isMap(value)) {
    const pairs = Array.from(value, ([key, held]) => `${at(walk, "key", key)}=${at(walk, show(key), held)}`);
    return `M{${pairs.sort().join()}}`;
  }
  if (age === 2 && types.isSet(value)) {
    return `S{${Array.from(value, (member) => at(walk, "member", member))
      .sort()
      .join()}}`;
  }
  throw refuse(value, walk);
}

function encodePlain(value: Readonly<Record<string, unknown>>, walk: Walk): string {
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
      throw refuse(value, walk, "a property named by a symbol");
    }
  }
  const pairs: string[] = [];
  for (const name of Object.keys(value).sort()) {
    const held = value[name];
    if (held instanceof AbortSignal) continue;
    pairs.push(`${JSON.stringify(name)}:${at(walk, name, held)}`);
  }
  return `{${pairs.join()}}`;
}

function encodeArray(array: readonly unknown[], walk: Walk): string {
  const members = Array.from(array, (held, index) => (index in array ? at(walk, index, held) : "_"));
  const others = Object.keys(array).find((name) => String(Number(name) >>> 0) !== name);
  if (others !== undefined) throw refuse(array, walk, `an array with a property ${show(others)}`);
  return `[${members.join()}]`;
}

function at(walk: Walk, step: string | number, value: unknown): string {
  walk.path.push(step);
  const text = encode(value, walk);
  walk.path.pop();
  return text;
}

function refuse(value: unknown, { where, path }: Walk, found = describeArgument(value)): CacheError {
  const what = typeof where === "string" ? where : where();
  const place = path.length === 0 ? what : `${what}, at ${path.join(".")},`;
  const rule = "must be data: primitives, plain objects, arrays, Date, RegExp, Map, Set, URL or bytes";
  return new CacheError("invalid_key_argument", `${place} ${rule}, got ${found}`);
}
