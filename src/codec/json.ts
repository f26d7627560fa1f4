// The codec for values that JSON carries unchanged, readable by every other program.

import type { Codec, ExtensibleCodec } from "../contracts/codec.ts";
import { CacheError } from "../errors.ts";
import { extensible, taughtLike, type Extensions } from "./extensions.ts";
import { asBuffer } from "../model/bytes.ts";
import { CODEC_IDS } from "../model/payload-options.ts";
import { Tagger, untag } from "./json-tags.ts";
import { assertJson } from "./json-tree.ts";

/** What it carries without being taught. */
const CARRIED: ReadonlySet<unknown> = new Set([Object.prototype, Array.prototype]);

/** JSON may begin with a space, and what `JSON.stringify` writes never does: here it says that there are tags. */
const TAGGED = 0x20;

/**
 * Carries `null`, booleans, finite numbers but `-0`, strings, dense arrays and plain objects of these. Refuses what JSON
 * would change or drop: `undefined`, also as a member, `NaN`, `-0`, BigInt, Date, Map, bytes, class instances, symbols,
 * cycles, more than 1,000 levels. What is shared comes back as equal copies. A getter counts as the value it gives.
 *
 * Instances of taught classes, which may be `Date`, `Map` and the like, become `{"$type": name, "value": data}`.
 */
export const jsonCodec: ExtensibleCodec = extensible(createCodec, CARRIED);

/** The same, knowing the classes that another codec has been taught. */
export function jsonCodecLike(other: Codec | undefined): Codec {
  return taughtLike(jsonCodec, other);
}

function createCodec(extensions: Extensions): Codec {
  return {
    id: CODEC_IDS.json,
    name: "json",

    encode(value: unknown): Uint8Array {
      return extensions.areNone && assertJson(value) ? stringify(value, "") : encodeTagged(value, extensions);
    },

    decode(bytes: Uint8Array): unknown {
      const value: unknown = JSON.parse(asBuffer(bytes).toString());
      return bytes[0] === TAGGED ? untag(value, extensions) : value;
    },
  };
}

function encodeTagged(value: unknown, extensions: Extensions): Uint8Array {
  const tagger = new Tagger(extensions);
  const copy = tagger.tag(value);
  return stringify(copy, tagger.hasTags ? " " : "");
}

/** What has a `toJSON`, even by inheritance, is not written as it is. */
function stringify(value: unknown, before: string): Uint8Array {
  // Arrays inherit from objects.
  if ("toJSON" in Array.prototype) {
    throw new CacheError("unserializable", "value must be written as it is, which a toJSON on a prototype prevents");
  }
  return Buffer.from(before + JSON.stringify(value));
}
