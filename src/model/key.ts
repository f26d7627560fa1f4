// Keys: what a user may write, and the ids and full keys made of it.

import { badInput, CacheError } from "../errors.ts";

/** Rule of keys, namespaces and tags alike. @throws CacheError `invalid_key` */
export function checkName(value: unknown, field: string, maxBytes: number): asserts value is string {
  if (typeof value !== "string" || value === "") throw badInput("invalid_key", field, "a non-empty string", value);
  if (!value.isWellFormed()) throw badInput("invalid_key", field, "well-formed Unicode (no lone surrogates)", value);
  if (value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes) {
    const bytes = Buffer.byteLength(value);
    throw new CacheError("invalid_key", `${field} must be at most ${maxBytes} bytes long, got ${bytes} bytes`);
  }
}

/** Rule of lists of them. @throws CacheError `invalid_option` when it is no array, `invalid_key` for a bad member */
export function checkNames(value: unknown, field: string, maxBytes: number): readonly string[] {
  if (!Array.isArray(value)) throw badInput("invalid_option", field, "an array of strings", value);
  // A copy: it sees holes, and later changes by the caller do not reach it.
  const names: unknown[] = Array.from(value);
  names.forEach((name, index) => checkName(name, `${field}[${index}]`, maxBytes));
  return names as string[];
}

/**
 * What ids of a namespace start with. The length in front keeps `a` + `b:c` apart from `a:b` + `c`; the NUL in front
 * keeps both apart from keys without a namespace.
 */
export function idPrefix(namespace: string | undefined): string {
  return namespace === undefined ? "" : `\0${namespace.length}:${namespace}:`;
}

/** The id of a key inside this process: the key itself where there is no namespace, so that a hit builds no string. */
export function toId(prefix: string, key: string): string {
  if (prefix !== "") return prefix + key;
  return key.charCodeAt(0) === 0 ? `\0\0${key}` : key;
}

/** The key of an id made with `prefix`. */
export function keyOfId(prefix: string, id: string): string {
  if (prefix !== "") return id.slice(prefix.length);
  return id.charCodeAt(0) === 0 ? id.slice(2) : id;
}

/** What stands for a character in a full key, by its code: for `%`, `:`, `{`, `}` and control characters. */
const ESCAPES: readonly (string | undefined)[] = Array.from({ length: 128 }, (_, code) =>
  code < 0x20 || code === 0x7f || "%:{}".includes(String.fromCharCode(code))
    ? `%${code.toString(16).padStart(2, "0")}`
    : undefined,
);

/**
 * A name with everything escaped that has a meaning in a full key. By hand: every read of a shared tier comes here, and
 * `replace` with a function took several times as long.
 */
export function escapeName(name: string): string {
  let escaped = "";
  let from = 0;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    const escape = code < 128 ? ESCAPES[code] : undefined;
    if (escape === undefined) continue;
    escaped += name.slice(from, at) + escape;
    from = at + 1;
  }
  return from === 0 ? name : escaped + name.slice(from);
}

/** The key under which tiers outside the process hold an entry. The braces make all keys of one entry share a slot. */
export function fullKey(root: string, namespace: string | undefined, key: string): string {
  return `${root}:v:{${escapeName(namespace ?? "")}:${escapeName(key)}}`;
}

/** What the full keys of a namespace's keys with a prefix start with. */
export function fullKeyPrefix(root: string, namespace: string | undefined, prefix: string): string {
  return `${root}:v:{${escapeName(namespace ?? "")}:${escapeName(prefix)}`;
}

const KEY_START = ":v:{";

/** Namespace and key of a full key; `undefined` for what is none of this root. */
export function readFullKey(
  root: string,
  text: string,
): { readonly namespace: string | undefined; readonly key: string } | undefined {
  const from = root.length + KEY_START.length;
  const end = text.length - 1;
  if (!text.startsWith(root) || !text.startsWith(KEY_START, root.length) || text[end] !== "}") return undefined;
  const colonAt = text.indexOf(":", from);
  // A key is not empty, and holds no colon that is not escaped.
  if (colonAt < 0 || colonAt + 1 >= end || text.includes(":", colonAt + 1)) return undefined;
  const namespace = colonAt === from ? undefined : unescapeName(text.slice(from, colonAt));
  return { namespace, key: unescapeName(text.slice(colonAt + 1, end)) };
}

/** By hand, too: every message of the bus comes here. Only what {@link escapeName} writes is one. */
function unescapeName(text: string): string {
  let unescaped = "";
  let from = 0;
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", at + 1)) {
    const code = Number.parseInt(text.slice(at + 1, at + 3), 16);
    if (ESCAPES[code] !== text.slice(at, at + 3)) continue;
    unescaped += text.slice(from, at) + String.fromCharCode(code);
    from = at + 3;
    at += 2;
  }
  return from === 0 ? text : unescaped + text.slice(from);
}

/** What every full key of a cache starts with; another `version` is another, empty cache. */
export function keyRoot(name: string, version: string | undefined): string {
  return version === undefined ? escapeName(name) : `${escapeName(name)}:${escapeName(version)}`;
}
