// The bytes that values are being written to: memory for many of them, and how MessagePack writes what is not made of others.

import { FIRST_RECORD } from "./plain-shape.ts";
import { isPlainText } from "./plain-tree.ts";

/** Memory is asked for in such pieces, each for many values. */
const SLAB_BYTES = 65_536;
/** What a value needs at most, besides its text. */
export const HEAD_BYTES = 16;
/** In place of an end: the value is none that is written here. */
export const NO = -1;
/** Texts that are copied by hand: a call into the engine takes longer. */
const SHORT = 0x20;
/** From here on the bytes of a text are counted before there is room made for them. */
const LONG = 4_096;

const NO_BYTES = Buffer.alloc(0);

/**
 * Each method writes one thing from a position on, and answers where it ends. Numbers and heads of arrays find their
 * {@link HEAD_BYTES} free; texts make room for themselves.
 */
export class PlainBytes {
  slab: Buffer = NO_BYTES;
  view: DataView = new DataView(NO_BYTES.buffer);
  end = 0;
  /** Where the value that is being written begins. */
  begin = 0;

  /** Makes sure that a value of so many bytes can be begun. */
  prepare(bytes: number): void {
    if (this.begin + bytes > this.end) this.#take(SLAB_BYTES);
  }

  /** What one large value has needed is nothing to keep. */
  trim(): void {
    if (this.end > SLAB_BYTES) this.#take(0);
  }

  #take(bytes: number): void {
    this.slab = Buffer.allocUnsafeSlow(bytes);
    this.view = new DataView(this.slab.buffer);
    this.end = bytes;
    this.begin = 0;
  }

  /** Makes room for more. Answers where this is: the value may have moved. */
  grow(at: number, bytes: number): number {
    const [slab, begin] = [this.slab, this.begin];
    this.#take(Math.max(SLAB_BYTES, 2 * (at - begin + bytes)));
    slab.copy(this.slab, 0, begin, at);
    return at - begin;
  }

  byte(byte: number, at: number): number {
    this.slab[at] = byte;
    return at + 1;
  }

  text(text: string, from: number): number {
    const { length } = text;
    if (length >= SHORT) return this.#longText(text, from);
    const at = from + HEAD_BYTES + SHORT > this.end ? this.grow(from, HEAD_BYTES + SHORT) : from;
    const slab = this.slab;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) return this.#longText(text, at);
      slab[at + 1 + index] = code;
    }
    slab[at] = 0xa0 | length;
    return at + 1 + length;
  }

  #longText(text: string, from: number): number {
    if (!isPlainText(text)) return NO;
    const room = HEAD_BYTES + (text.length < LONG ? 3 * text.length : Buffer.byteLength(text));
    const at = from + room > this.end ? this.grow(from, room) : from;
    const head = headOf(text.length);
    const bytes = this.slab.write(text, at + head, "utf8");
    const realHead = headOf(bytes);
    if (realHead !== head) this.slab.copyWithin(at + realHead, at + head, at + head + bytes);
    if (realHead === 1) this.slab[at] = 0xa0 | bytes;
    else if (realHead === 2) this.view.setUint16(at, 0xd900 | bytes);
    else {
      this.slab[at] = realHead === 3 ? 0xda : 0xdb;
      if (realHead === 3) this.view.setUint16(at + 1, bytes);
      else this.view.setUint32(at + 1, bytes);
    }
    return at + realHead + bytes;
  }

  number(value: number, at: number): number {
    const slab = this.slab;
    if (value >>> 0 === value) {
      if (value < FIRST_RECORD) {
        if (value === 0 && 1 / value < 0) return NO;
        slab[at] = value;
        return at + 1;
      }
      return this.#unsigned(value, at);
    }
    if (value >> 0 === value) return this.#negative(value, at);
    slab[at] = 0xcb;
    this.view.setFloat64(at + 1, value);
    return at + 9;
  }

  #unsigned(value: number, at: number): number {
    if (value < 0x100) {
      this.view.setUint16(at, 0xcc00 | value);
      return at + 2;
    }
    this.slab[at] = value < 0x1_0000 ? 0xcd : 0xce;
    if (value < 0x1_0000) this.view.setUint16(at + 1, value);
    else this.view.setUint32(at + 1, value);
    return at + (value < 0x1_0000 ? 3 : 5);
  }

  #negative(value: number, at: number): number {
    if (value >= -0x20) {
      this.slab[at] = 0x100 + value;
      return at + 1;
    }
    if (value >= -0x80) {
      this.view.setUint16(at, 0xd000 | (0x100 + value));
      return at + 2;
    }
    this.slab[at] = value >= -0x8000 ? 0xd1 : 0xd2;
    if (value >= -0x8000) this.view.setInt16(at + 1, value);
    else this.view.setInt32(at + 1, value);
    return at + (value >= -0x8000 ? 3 : 5);
  }

  arrayHead(length: number, at: number): number {
    if (length < 0x10) {
      this.slab[at] = 0x90 | length;
      return at + 1;
    }
    this.slab[at] = length < 0x1_0000 ? 0xdc : 0xdd;
    if (length < 0x1_0000) this.view.setUint16(at + 1, length);
    else this.view.setUint32(at + 1, length);
    return at + (length < 0x1_0000 ? 3 : 5);
  }
}

function headOf(bytes: number): number {
  if (bytes < 0x20) return 1;
  if (bytes < 0x100) return 2;
  return bytes < 0x1_0000 ? 3 : 5;
}
