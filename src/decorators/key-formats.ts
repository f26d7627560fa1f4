// Formats of placeholders: `{filters:hash}`, `{name:lower}`, `{date:iso}`.

import { createHash } from "node:crypto";
import { keyText } from "../model/key-encoding.ts";
import type { KeyFormats } from "../model/key-template.ts";
import { encodeData } from "./encode-data.ts";

/** Bytes of a hash that go into a key: 192 bits, 32 characters. Nobody finds two values for 128. */
const HASH_BYTES = 24;

/**
 * The hash of any data: SHA-256, cut to 192 bits. Equal data, in whatever order their properties are, have the same one.
 * @param where what the value is, for messages
 * @throws CacheError `invalid_key_argument` for what is no data
 */
function hashData(value: unknown, where: string): string {
  return hashText(encodeData(value, where));
}

/** The hash of a text. */
export function hashText(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, HASH_BYTES).toString("base64url");
}

/** What may stand behind the colon of a placeholder. */
export const KEY_FORMATS: KeyFormats = Object.freeze({
  hash: { takes: "data", text: hashData },
  lower: {
    takes: "a string, finite number, bigint, boolean or valid Date",
    text: (value: unknown) => (typeof value === "string" ? value : keyText(value))?.toLowerCase(),
  },
  iso: { takes: "a valid Date, or its milliseconds,", text: isoText },
});

/** A text is not taken: how it is read may depend on where. */
function isoText(value: unknown): string | undefined {
  const date = typeof value === "number" ? new Date(value) : value;
  return date instanceof Date ? keyText(date) : undefined;
}
