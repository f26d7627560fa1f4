// Writes plain trees as MessagePack, to the byte as msgpackr does, and finds out on the way whether a value is one: most are.

import { types } from "../model/node-util.ts";
import { HEAD_BYTES, NO, PlainBytes } from "./plain-bytes.ts";
import { canBeKeys, FIRST_RECORD, MAX_RECORDS, Shape, Shapes } from "./plain-shape.ts";
import { MAX_DEPTH } from "./plain-tree.ts";
import { noteRoom, ROOM_BYTES } from "./room.ts";

/** So many bytes at least are free where a value is begun. */
const MIN_BYTES = 1_024;
/** So many objects are looked through quicker than a Set is made. */
const FEW = 16;

const NO_OBJECTS: readonly undefined[] = Array.from({ length: FEW }, () => undefined);

/**
 * Before a value is stored it has to be known whether MessagePack gives it back unchanged. Here that is seen while it is
 * written, in one walk: it takes half the time of looking first (`plain-tree.ts`) and then writing with a library that
 * would write anything.
 */
class PlainWriter {
  readonly #out = new PlainBytes();
  #payload = 0;
  #records = 0;
  readonly #shapes = new Shapes();
  readonly #few: (object | undefined)[] = [...NO_OBJECTS];
  #met = 0;
  #more: Set<object> | undefined;
  #isBusy = false;

  /** Leaves room before it. */
  write(value: unknown): Buffer | undefined {
    // A getter of the value's uses the codec itself.
    if (this.#isBusy) return undefined;
    this.#isBusy = true;
    this.#out.prepare(ROOM_BYTES + MIN_BYTES);
    this.#payload++;
    this.#records = 0;
    try {
      const end = this.#value(value, this.#out.begin + ROOM_BYTES, 0);
      if (end === NO) return undefined;
      const bytes = this.#out.slab.subarray(this.#out.begin + ROOM_BYTES, end);
      this.#out.begin = end;
      return bytes;
    } finally {
      this.#forget();
      this.#isBusy = false;
    }
  }

  #forget(): void {
    for (let at = 0; at < this.#met && at < FEW; at++) this.#few[at] = undefined;
    this.#met = 0;
    this.#more = undefined;
    this.#out.trim();
  }

  #value(value: unknown, from: number, depth: number): number {
    const at = from + HEAD_BYTES > this.#out.end ? this.#out.grow(from, HEAD_BYTES) : from;
    // No `switch`: for that the engine makes the name of the type.
    if (typeof value === "string") return this.#out.text(value, at);
    if (typeof value === "number") return this.#out.number(value, at);
    if (typeof value === "object") return value === null ? this.#out.byte(0xc0, at) : this.#object(value, at, depth);
    if (typeof value === "boolean") return this.#out.byte(value ? 0xc3 : 0xc2, at);
    if (value !== undefined) return NO;
    this.#out.view.setUint16(at, 0xd400);
    return this.#out.byte(0, at + 2);
  }

  #object(value: object, at: number, depth: number): number {
    // Met before: shared or a cycle.
    if (depth > MAX_DEPTH || !this.#meet(value)) return NO;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#record(value as Record<string, unknown>, at, depth + 1);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, at, depth + 1);
    return prototype === Date.prototype ? this.#date(value, at) : NO;
  }

  #meet(object: object): boolean {
    for (let at = 0; at < this.#met && at < FEW; at++) if (this.#few[at] === object) return false;
    if (this.#met < FEW) this.#few[this.#met++] = object;
    else {
      this.#more ??= new Set();
      const { size } = this.#more;
      return this.#more.add(object).size > size;
    }
    return true;
  }

  #record(object: Record<string, unknown>, from: number, depth: number): number {
    if (Object.getOwnPropertySymbols(object).length > 0) return NO;
    const keys = Object.keys(object);
    const shape = this.#shapeOf(keys);
    if (shape === undefined) return NO;
    let at = this.#begunAs(shape, from);
    let left = keys.length;
    for (const key in object) {
      if (at === NO) return NO;
      at = this.#value(object[key], at, depth);
      left--;
    }
    // A getter has taken one away, or `Object.prototype` has some.
    return left === 0 ? at : NO;
  }

  /** Writes which record follows, and where that is new in this payload, what it is. */
  #begunAs(shape: Shape, from: number): number {
    if (shape.definedIn === this.#payload) {
      this.#out.slab[from] = shape.id;
      return from + 1;
    }
    if (this.#records === MAX_RECORDS) return NO;
    const room = HEAD_BYTES + shape.length;
    const at = from + room > this.#out.end ? this.#out.grow(from, room) : from;
    shape.definedIn = this.#payload;
    shape.id = FIRST_RECORD + this.#records++;
    this.#out.view.setUint16(at, 0xd472);
    this.#out.slab[at + 2] = shape.id;
    this.#out.slab.set(shape.bytes, at + 3);
    return at + 3 + shape.length;
  }

  #shapeOf(keys: readonly string[]): Shape | undefined {
    const [first = ""] = keys;
    const hash = 31 * keys.length + 7 * first.length + first.charCodeAt(0);
    const known = this.#shapes.at(hash);
    for (let index = 0; index < known.length; index++) {
      const shape = known[index] as Shape;
      if (areSame(shape.keys, keys)) return shape;
    }
    return canBeKeys(keys) ? this.#shapes.add(hash, new Shape(keys, writeKeys(keys))) : undefined;
  }

  #array(array: readonly unknown[], from: number, depth: number): number {
    const { length } = array;
    if (Object.keys(array).length !== length || Object.getOwnPropertySymbols(array).length > 0) return NO;
    let at = this.#out.arrayHead(length, from);
    for (let index = 0; index < length && at !== NO; index++) {
      const member = array[index];
      // As many keys as members, still one may stand for a hole.
      if (member === undefined && !Object.hasOwn(array, index)) return NO;
      at = this.#value(member, at, depth);
    }
    return at;
  }

  /** Those between 1970 and 2106: others are rare. */
  #date(value: object, at: number): number {
    if (!types.isDate(value) || Reflect.ownKeys(value).length > 0) return NO;
    const time = value.getTime();
    const seconds = Math.floor(time / 1_000);
    if (!(time >= 0 && seconds <= 0xffff_ffff)) return NO;
    const ms = time - 1_000 * seconds;
    this.#out.view.setUint16(at, ms === 0 ? 0xd6ff : 0xd7ff);
    if (ms !== 0) this.#out.view.setUint32(at + 2, ms * 4_000_000);
    this.#out.view.setUint32(at + (ms === 0 ? 2 : 6), seconds);
    return at + (ms === 0 ? 6 : 10);
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) if (some[index] !== others[index]) return false;
  return true;
}

const writer = new PlainWriter();
/** Of keys: a shape is made while a value is being written. */
const keyWriter = new PlainWriter();

function writeKeys(keys: readonly string[]): Uint8Array {
  return Uint8Array.from(keyWriter.write(keys) as Buffer);
}

/**
 * The bytes of a value, if it is a plain tree of the kinds that most values are made of: primitives but BigInts, objects, arrays and
 * dates. `undefined` for any other, and for the few plain trees that are no such: that has to be found out elsewhere.
 * There is room before them: see `room.ts`. @throws what getters of the value throw
 */
export function writePlain(value: unknown): Buffer | undefined {
  const bytes = writer.write(value);
  return bytes && noteRoom(bytes);
}
