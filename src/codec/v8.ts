// The codec of the engine itself: what `node:v8` writes for plain trees, and the same table of nodes for all else.

import type * as V8 from "node:v8";
import type { Codec, ExtensibleCodec } from "../contracts/codec.ts";
import { extensible, taughtLike, type Extensions } from "./extensions.ts";
import { asBuffer } from "../model/bytes.ts";
import { CODEC_IDS } from "../model/payload-options.ts";
import { fromGraph } from "./graph-decode.ts";
import { toGraph } from "./graph-encode.ts";
import { GRAPH_PROTOTYPES } from "./graph-format.ts";
import { isPlainTree } from "./plain-tree.ts";

/** The first byte of a graph; what V8 writes begins with 0xff. */
const GRAPH = 0xc1;

/**
 * Carries and refuses what `msgpackCodec` does. Its bytes are those of the structured clone algorithm, in the version of
 * the Node.js that wrote them: an older one may find that it cannot read them, which is a miss.
 */
export const v8Codec: ExtensibleCodec = extensible(createCodec, GRAPH_PROTOTYPES);

/** The same, knowing the classes that another codec has been taught. */
export function v8CodecLike(other: Codec | undefined): Codec {
  return taughtLike(v8Codec, other);
}

function createCodec(extensions: Extensions): Codec {
  const v8 = process.getBuiltinModule("node:v8");
  const { Writer, Reader } = classesOf(v8);
  return {
    id: CODEC_IDS.v8,
    name: "v8",

    encode(value: unknown): Uint8Array {
      if (isPlainTree(value)) {
        try {
          return write(new Writer(), value);
        } catch {
          // A Proxy, which V8 refuses; or a value that is told by its graph what is wrong with it.
        }
      }
      const writer = new Writer();
      writer.writeRawBytes(Buffer.of(GRAPH));
      return write(writer, toGraph(value, extensions));
    },

    decode(bytes: Uint8Array): unknown {
      const isGraph = bytes[0] === GRAPH;
      const reader = new Reader(asBuffer(isGraph ? bytes.subarray(1) : bytes));
      reader.readHeader();
      const content: unknown = reader.readValue();
      return isGraph ? fromGraph(content, extensions) : content;
    },
  };
}

function write(writer: V8.Serializer, value: unknown): Uint8Array {
  writer.writeHeader();
  writer.writeValue(value);
  return writer.releaseBuffer();
}

interface HostObjectSwitch {
  _setTreatArrayBufferViewsAsHostObjects(isOn: boolean): void;
}

/** The only views that come here are Buffers. Those that Node would read show the bytes of the frame itself. */
function classesOf({ Serializer, Deserializer }: typeof V8) {
  class Writer extends Serializer {
    constructor() {
      super();
      // Not in the types of Node 20, where it is.
      (this as unknown as HostObjectSwitch)["_setTreatArrayBufferViewsAsHostObjects"](true);
    }

    _writeHostObject(bytes: Buffer): void {
      this.writeUint32(bytes.length);
      this.writeRawBytes(bytes);
    }
  }
  class Reader extends Deserializer {
    _readHostObject(): Buffer {
      const bytes = this.readRawBytes(this.readUint32());
      const copy = Buffer.allocUnsafeSlow(bytes.length);
      copy.set(bytes);
      return copy;
    }
  }
  return { Writer, Reader };
}
