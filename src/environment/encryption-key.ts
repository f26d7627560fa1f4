// The variable with the keys of encryption. No message shows anything of it but lengths.

import { resolveEncryption, type EncryptionKey, type EncryptionOptions } from "../model/encryption-options.ts";
import { refuseSecret } from "./readers.ts";

const KEY_RULE = "32 bytes, as 44 characters of base64 or 64 hexadecimal digits";
const LIST_RULE = `id:key, with an id from 1 to 255 and a key of ${KEY_RULE}, where there are several`;

/**
 * One key, whose id is 1, or several as `id:key`, separated by commas: the first one writes.
 * @throws CacheError `invalid_option`
 */
export function readEncryption(text: string, variable: string): EncryptionOptions {
  const parts = text.split(",").map((part) => part.trim());
  const keys = parts.map((part) => readKey(part, parts.length > 1, variable));
  // Ids and keys that are there twice.
  resolveEncryption({ keys }, variable);
  return { keys };
}

function readKey(part: string, isOneOfMany: boolean, variable: string): EncryptionKey {
  const [, id, text = part] = /^(\d{1,3}):(.*)$/.exec(part) ?? [];
  const encoding = /^[\da-f]{64}$/i.test(text) ? "hex" : "base64";
  const key = Buffer.from(text, encoding);
  // Node itself leaves out what it does not understand.
  const isKey = key.length === 32 && key.toString(encoding) === (encoding === "hex" ? text.toLowerCase() : text);
  const isId = id === undefined ? !isOneOfMany : Number(id) >= 1 && Number(id) <= 255;
  if (isKey && isId) return { id: Number(id ?? 1), key };
  throw refuseSecret(variable, isOneOfMany || id !== undefined ? LIST_RULE : KEY_RULE, part);
}
