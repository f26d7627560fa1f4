// Encryption as users say it, and its checks. No message here shows what it was given: it may be a key.

import type { KeyObject } from "node:crypto";
import { CacheError } from "../errors.ts";
import { checkBoolean } from "./check.ts";

/** A key, and the number by which frames name it. */
export interface EncryptionKey {
  /** 1 to 255. A number that was used once stays with its key for as long as anything is stored under it. */
  readonly id: number;
  /** 32 random bytes; as text in base64, 44 characters. Copied: it may be wiped afterwards. */
  readonly key: Uint8Array | string;
}

/** How values are encrypted. */
export interface EncryptionOptions {
  /** The first one writes, all of them read. To change keys put the new one in front, and drop the old one later. */
  readonly keys: readonly EncryptionKey[];
  /**
   * Whether values that were stored unencrypted are read, for the time of changing over. Who can write to the tier can
   * then pass off values of his own. Default `false`: they are misses.
   */
  readonly allowPlaintext?: boolean | undefined;
}

/** How values are encrypted, checked and complete. Keys are such as no `inspect` shows. */
export interface EncryptionSettings {
  readonly writer: { readonly id: number; readonly key: KeyObject };
  readonly keys: ReadonlyMap<number, KeyObject>;
  readonly allowPlaintext: boolean;
}

const KEY_BYTES = 32;
const BASE64_LENGTH = 44;
const MAX_ID = 255;

/** Checks it. @throws CacheError `invalid_option` */
export function resolveEncryption(given: unknown, field: string): EncryptionSettings | undefined {
  if (given === undefined) return undefined;
  assertMembers<EncryptionOptions>(given, ["keys", "allowPlaintext"], field);
  if (!Array.isArray(given.keys) || given.keys.length === 0) {
    throw refuse(`${field}.keys`, "an array of at least one { id, key }", given.keys);
  }
  const keys = new Map<number, KeyObject>();
  for (const [index, one] of (given.keys as readonly unknown[]).entries()) addKey(keys, one, `${field}.keys[${index}]`);
  const [first] = keys;
  const [id, key] = first as [number, KeyObject];
  return Object.freeze({
    writer: Object.freeze({ id, key }),
    keys,
    allowPlaintext: checkBoolean(given.allowPlaintext, false, `${field}.allowPlaintext`),
  });
}

function addKey(keys: Map<number, KeyObject>, one: unknown, field: string): void {
  assertMembers<EncryptionKey>(one, ["id", "key"], field);
  const { id } = one;
  if (!Number.isInteger(id) || id < 1 || id > MAX_ID) {
    throw refuse(`${field}.id`, `a whole number from 1 to ${MAX_ID}`, id);
  }
  if (keys.has(id)) throw new CacheError("invalid_option", `${field}.id must be one that no other key has, got ${id}`);
  const key = toKey(one.key, `${field}.key`);
  for (const [otherId, other] of keys) {
    if (!other.equals(key)) continue;
    throw new CacheError("invalid_option", `${field}.key must be another than that of the key with id ${otherId}`);
  }
  keys.set(id, key);
}

/** A key without the bytes lying about. Its module is loaded with the first: who encrypts nothing needs none. */
function toKey(given: unknown, field: string): KeyObject {
  const bytes = typeof given === "string" ? fromBase64(given) : given;
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) {
    throw refuse(field, `${KEY_BYTES} bytes, as a Uint8Array or ${BASE64_LENGTH} characters of base64`, given);
  }
  return process.getBuiltinModule("node:crypto").createSecretKey(bytes);
}

/** Only what base64 would make of 32 bytes: Node itself takes anything, and leaves out what it does not understand. */
function fromBase64(text: string): Uint8Array | undefined {
  const bytes = text.length === BASE64_LENGTH ? Buffer.from(text, "base64") : undefined;
  return bytes?.toString("base64") === text ? bytes : undefined;
}

function assertMembers<T extends object>(
  value: unknown,
  known: readonly (keyof T & string)[],
  field: string,
): asserts value is T {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw refuse(field, `an object with ${known.join(" and ")}`, value);
  }
  const unknown = Object.keys(value).filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length === 0) return;
  throw new CacheError("invalid_option", `${field} must hold known options only (${known.join(", ")})`);
}

function refuse(field: string, rule: string, value: unknown): CacheError {
  return new CacheError("invalid_option", `${field} must be ${rule}, got ${kindOf(value)}`);
}

/** What can be said of a value that may be a secret. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number") return String(value);
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return Array.isArray(value) ? `an array of ${value.length}` : `a value of type ${typeof value}`;
}
