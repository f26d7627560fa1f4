// Reads plain trees back from MessagePack, as msgpackr does: those that `plain-write.ts` writes, and nothing else.

import { canBeKeys, FIRST_RECORD, MAX_RECORDS, Shape, Shapes } from "./plain-shape.ts";
import { MAX_DEPTH } from "./plain-tree.ts";

/** Bytes that hold something else: whoever reads everything has to read them. */
export const NOT_PLAIN: unique symbol = Symbol("not plain");

/** Texts of so many bytes at most are cut out of a longer one: to ask the engine for each takes longer. Up to here they are copied. */
const SHORT = 12;
/** So many bytes are made a text at a time. */
const WINDOW = 1_024;
/** Bytes of a record's definition by which it is found. */
const HASHED = 16;

const NO_BYTES = Buffer.alloc(0);

/**
 * Makes the value in one walk, without knowing anything else of MessagePack. Whatever is odd about the bytes, it stops: they
 * are then read by a library that tells what is wrong with them.
 */
class PlainReader {
  #bytes: Buffer = NO_BYTES;
  #end = 0;
  #at = 0;
  #text = "";
  /** Where this text begins among the bytes; what lies before it is not in it. */
  #textAt = 0;
  #textEnd = 0;
  readonly #records: (Shape | undefined)[] = Array.from({ length: MAX_RECORDS }, () => undefined);
  /** Up to here there are some. */
  #defined = 0;
  readonly #shapes = new Shapes();

  read(bytes: Buffer): unknown {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#at = 0;
    this.#textEnd = 0;
    const value = this.#value(0);
    const isWhole = this.#at === this.#end;
    this.#bytes = NO_BYTES;
    this.#text = "";
    for (; this.#defined > 0; this.#defined--) this.#records[this.#defined - 1] = undefined;
    return isWhole ? value : NOT_PLAIN;
  }

  #value(depth: number): unknown {
    if (this.#at >= this.#end) return NOT_PLAIN;
    const byte = this.#bytes[this.#at++] as number;
    if (byte < FIRST_RECORD) return byte;
    if (byte >= 0xe0) return byte - 0x100;
    if (byte >= 0xa0 && byte < 0xc0) return this.#shortText(byte & 0x1f);
    if (byte < FIRST_RECORD + MAX_RECORDS) return this.#members(this.#records[byte - FIRST_RECORD], depth + 1);
    if (byte >= 0x90 && byte < 0xa0) return this.#array(byte & 0xf, depth + 1);
    return byte < 0xc0 ? NOT_PLAIN : this.#special(byte, depth);
  }

  #special(byte: number, depth: number): unknown {
    switch (byte) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xcb:
        return this.#float();
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xd0:
        return this.#signed(1);
      case 0xd1:
        return this.#signed(2);
      case 0xd2:
        return this.#signed(4);
      case 0xd4:
        return this.#extension(depth);
      case 0xd6:
      case 0xd7:
        return this.#date(byte === 0xd7);
      case 0xd9:
        return this.#longText(1);
      case 0xda:
        return this.#longText(2);
      case 0xdb:
        return this.#longText(4);
      case 0xdc:
        return this.#longArray(2, depth);
      case 0xdd:
        return this.#longArray(4, depth);
      default:
        return NOT_PLAIN;
    }
  }

  /** Whether so many bytes more are there. */
  #has(bytes: number): boolean {
    return bytes <= this.#end - this.#at;
  }

  #unsigned(bytes: 1 | 2 | 4): number | typeof NOT_PLAIN {
    if (!this.#has(bytes)) return NOT_PLAIN;
    const at = this.#at;
    this.#at += bytes;
    if (bytes === 1) return this.#bytes[at] as number;
    return bytes === 2 ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt32BE(at);
  }

  #signed(bytes: 1 | 2 | 4): number | typeof NOT_PLAIN {
    const value = this.#unsigned(bytes);
    if (value === NOT_PLAIN) return NOT_PLAIN;
    const unused = 32 - 8 * bytes;
    return (value << unused) >> unused;
  }

  #float(): number | typeof NOT_PLAIN {
    if (!this.#has(8)) return NOT_PLAIN;
    this.#at += 8;
    return this.#bytes.readDoubleBE(this.#at - 8);
  }

  #shortText(bytes: number): string | typeof NOT_PLAIN {
    if (!this.#has(bytes)) return NOT_PLAIN;
    if (bytes > SHORT) return this.#textOf(bytes);
    const from = this.#at;
    const end = from + bytes;
    const all = this.#bytes;
    for (let at = from; at < end; at++) if ((all[at] as number) >= 0x80) return this.#textOf(bytes);
    this.#at = end;
    if (end > this.#textEnd) this.#moveWindow(from);
    return this.#text.slice(from - this.#textAt, end - this.#textAt);
  }

  #moveWindow(from: number): void {
    this.#textAt = from;
    this.#textEnd = Math.min(from + WINDOW, this.#end);
    this.#text = this.#bytes.toString("latin1", from, this.#textEnd);
  }

  #longText(lengthBytes: 1 | 2 | 4): string | typeof NOT_PLAIN {
    const bytes = this.#unsigned(lengthBytes);
    return bytes === NOT_PLAIN || !this.#has(bytes) ? NOT_PLAIN : this.#textOf(bytes);
  }

  #textOf(bytes: number): string {
    const from = this.#at;
    this.#at = from + bytes;
    return this.#bytes.toString("utf8", from, this.#at);
  }

  #longArray(lengthBytes: 2 | 4, depth: number): unknown {
    const length = this.#unsigned(lengthBytes);
    return length === NOT_PLAIN ? NOT_PLAIN : this.#array(length, depth + 1);
  }

  #array(length: number, depth: number): unknown {
    if (depth > MAX_DEPTH) return NOT_PLAIN;
    // Made longer one by one: the length is only what the bytes say.
    const array: unknown[] = [];
    for (let index = 0; index < length; index++) {
      const member = this.#value(depth);
      if (member === NOT_PLAIN) return NOT_PLAIN;
      array.push(member);
    }
    return array;
  }

  /** `undefined`, or an object whose keys are said first. */
  #extension(depth: number): unknown {
    if (!this.#has(2)) return NOT_PLAIN;
    const kind = this.#bytes[this.#at];
    const id = this.#bytes[this.#at + 1] as number;
    if (kind === 0 && id === 0) {
      this.#at += 2;
      return undefined;
    }
    const record = id - FIRST_RECORD;
    if (kind !== 0x72 || record < 0 || record >= MAX_RECORDS) return NOT_PLAIN;
    this.#at += 2;
    const shape = this.#shape();
    this.#records[record] = shape;
    this.#defined = Math.max(this.#defined, record + 1);
    return this.#members(shape, depth + 1);
  }

  /** The shape whose keys come next. */
  #shape(): Shape | undefined {
    const from = this.#at;
    const all = this.#bytes;
    const until = Math.min(from + HASHED, this.#end);
    let hash = 0;
    for (let at = from; at < until; at++) hash = (31 * hash + (all[at] as number)) | 0;
    const known = this.#shapes.at(hash);
    for (let index = 0; index < known.length; index++) {
      const shape = known[index] as Shape;
      if (this.#isNext(shape)) {
        this.#at += shape.length;
        return shape;
      }
    }
    const keys = this.#value(MAX_DEPTH - 1);
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string") || !canBeKeys(keys)) return undefined;
    return this.#shapes.add(hash, new Shape(keys, Uint8Array.from(this.#bytes.subarray(from, this.#at))));
  }

  #isNext({ bytes, length }: Shape): boolean {
    if (!this.#has(length)) return false;
    const [all, from] = [this.#bytes, this.#at];
    for (let index = 0; index < length; index++) if (bytes[index] !== all[from + index]) return false;
    return true;
  }

  #members(shape: Shape | undefined, depth: number): unknown {
    if (shape === undefined || depth > MAX_DEPTH) return NOT_PLAIN;
    const { keys } = shape;
    const object: Record<string, unknown> = { ...shape.empty };
    for (let index = 0; index < keys.length; index++) {
      const member = this.#value(depth);
      if (member === NOT_PLAIN) return NOT_PLAIN;
      object[keys[index] as string] = member;
    }
    return object;
  }

  #date(isFine: boolean): Date | typeof NOT_PLAIN {
    if (!this.#has(isFine ? 9 : 5) || this.#bytes[this.#at] !== 0xff) return NOT_PLAIN;
    this.#at++;
    const fraction = isFine ? (this.#unsigned(4) as number) : 0;
    const seconds = this.#unsigned(4) as number;
    // Quarters of a nanosecond; the two bits below belong to the seconds.
    return fraction % 4_000_000 === 0 ? new Date(1_000 * seconds + fraction / 4_000_000) : NOT_PLAIN;
  }
}

const reader = new PlainReader();

/** The value of bytes, or {@link NOT_PLAIN}. Never throws, and never reads outside of them. */
export function readPlain(bytes: Buffer): unknown {
  return reader.read(bytes);
}
