// Classes of a user's, which codecs can be taught.

import { jsonCodec, msgpackCodec, v8Codec } from "../../src/codec/index.ts";
import type { ExtensibleCodec } from "../../src/contracts/codec.ts";

/** A class with state that nobody outside can see. */
export class Money {
  readonly #cents: bigint;
  readonly currency: string;

  constructor(cents: bigint, currency: string) {
    this.#cents = cents;
    this.currency = currency;
  }

  get cents(): bigint {
    return this.#cents;
  }
}

/** One that holds others. */
export class Basket {
  readonly lines: readonly { readonly name: string; readonly price: Money }[];
  readonly parent: unknown;

  constructor(lines: Basket["lines"], parent?: unknown) {
    this.lines = lines;
    this.parent = parent;
  }
}

/** The same codec, knowing both. */
export function taught(codec: ExtensibleCodec): ExtensibleCodec {
  return codec
    .extend(Money, {
      encode: ({ cents, currency }) => [String(cents), currency] as const,
      decode: ([cents, currency]) => new Money(BigInt(cents), currency),
    })
    .extend(Basket, {
      encode: ({ lines, parent }) => (parent === undefined ? { lines } : { lines, parent }),
      decode: ({ lines, parent }) => new Basket(lines, parent),
    });
}

/** The built-in codecs. */
export const CODECS: readonly ExtensibleCodec[] = [msgpackCodec, jsonCodec, v8Codec];
