// The default codec: MessagePack for plain trees, a table of nodes for all else that is data.

import { Packr, RESERVE_START_SPACE, Unpackr } from "msgpackr";
import { asBuffer } from "../model/bytes.ts";
import type { Codec, ExtensibleCodec } from "../contracts/codec.ts";
import { CODEC_IDS } from "../model/payload-options.ts";
import { extensible, taughtLike, type Extensions } from "./extensions.ts";
import { fromGraph } from "./graph-decode.ts";
import { toGraph } from "./graph-encode.ts";
import { GRAPH_PROTOTYPES } from "./graph-format.ts";
import { NOT_PLAIN, readPlain } from "./plain-read.ts";
import { isPlainTree } from "./plain-tree.ts";
import { writePlain } from "./plain-write.ts";

// Objects are records, which tells them from Maps. No structures are shared between payloads: each stands alone.
// Extensions are registered for the whole process, so none are: others may have taken the same numbers.
// References are ours (graph-encode.ts): those of msgpackr lose an Error that is its own cause.
const OPTIONS = { structuredClone: false, moreTypes: true, useBigIntExtension: true };
const packr = new Packr({ ...OPTIONS, useToJSON: false });
const unpackr = new Unpackr({ ...OPTIONS, copyBuffers: true });

/** The one byte that never begins a MessagePack value, so that here it can say: a graph follows. */
const GRAPH = 0xc1;

/**
 * Carries all plain data of the language as it is: primitives (`undefined`, `NaN`, `-0`, BigInts and strings with lone
 * surrogates among them), objects with the prototype of `Object` or none, arrays with holes and named members, `Date`,
 * `Map`, `Set`, `RegExp`, the `Error` classes of the language with cause and stack, Buffers, typed arrays,
 * `ArrayBuffer`, `DataView`, cycles and shared references.
 *
 * Refuses instances of classes it has not been taught, functions, symbols (as values and as keys), `URL`, promises, weak collections, boxed
 * primitives, and shared or resizable memory.
 *
 * What counts as data are enumerable members. A getter counts as the value it gives. Frozen objects come back
 * unfrozen, views of one buffer each on a buffer of their own, and Buffers without members that somebody hung on them.
 */
export const msgpackCodec: ExtensibleCodec = extensible(createCodec, GRAPH_PROTOTYPES);

/** The same, knowing the classes that another codec has been taught. */
export function msgpackCodecLike(other: Codec | undefined): Codec {
  return taughtLike(msgpackCodec, other);
}

function createCodec(extensions: Extensions): Codec {
  return {
    id: CODEC_IDS.msgpack,
    name: "msgpack",

    encode(value: unknown): Uint8Array {
      const plain = writePlain(value);
      if (plain !== undefined) return plain;
      if (isPlainTree(value)) return packr.pack(value);
      const bytes = packr.pack(toGraph(value, extensions), RESERVE_START_SPACE + 1);
      bytes[0] = GRAPH;
      return bytes;
    },

    decode(bytes: Uint8Array): unknown {
      // Byte values are Buffers where the source is one.
      const source = asBuffer(bytes);
      if (bytes[0] === GRAPH) return fromGraph(unpackr.unpack(source.subarray(1)), extensions);
      const value = readPlain(source);
      return value === NOT_PLAIN ? unpackr.unpack(source) : value;
    },
  };
}
