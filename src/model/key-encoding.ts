// Arguments as parts of keys: which values can be one, and the escaping that keeps a value inside its placeholder.

/**
 * What values keep as it is: ASCII letters and digits, `- _ . ~`, and everything outside ASCII that is well-formed.
 * The rest of ASCII becomes `%3A`, as `encodeURIComponent` writes it; a lone surrogate becomes `%uD800`.
 */
const ESCAPED = "\\0-,/:-@\\[-^`{-}\\x7f\\p{Surrogate}";

/** Characters that cannot hold two placeholders apart, because escaped values are made of them. */
const NO_DELIMITER = /[A-Za-z0-9%]/;

const ALWAYS_ESCAPED = new RegExp(`[${ESCAPED}]`, "u");

/** Escapes one value. Different texts give different results, none of which contains a delimiter of the template. */
export type TextEncoder = (text: string) => string;

/**
 * The encoder for the values of a template in which these characters, one between each two placeholders, delimit values.
 * Most values are short and have nothing to escape: those are looked at by hand, which takes a fraction of the time of a
 * pattern.
 */
export function textEncoder(delimiters: readonly string[]): TextEncoder {
  const extra = delimiters.map((char) => `\\u{${codePoint(char).toString(16)}}`).join("");
  const all = new RegExp(`[${ESCAPED}${extra}]`, "gu");
  const isPlain = Uint8Array.from({ length: 128 }, (_, code) => (String.fromCharCode(code).search(all) < 0 ? 1 : 0));
  return (text) => {
    for (let i = 0; i < text.length; i++) {
      // Beyond ASCII nothing is found.
      if (isPlain[text.charCodeAt(i)] !== 1) return text.replace(all, escapeChar);
    }
    return text;
  };
}

function escapeChar(char: string): string {
  const code = codePoint(char);
  if (code < 0x80) return `%${hex(code).padStart(2, "0")}`;
  return code >= 0xd800 && code <= 0xdfff ? `%u${hex(code)}` : encodeURIComponent(char);
}

function codePoint(char: string): number {
  return char.codePointAt(0) as number;
}

function hex(code: number): string {
  return code.toString(16).toUpperCase();
}

/**
 * The character of a separator that no escaped value contains; preferably one that is always escaped, so that
 * `{a}-{b}` escapes dashes and `{a}-:{b}` does not have to. `undefined` when only letters, digits and `%` are there.
 */
export function delimiterOf(separator: string): string | undefined {
  const candidates = Array.from(separator).filter((char) => !NO_DELIMITER.test(char));
  return candidates.find((char) => ALWAYS_ESCAPED.test(char)) ?? candidates[0];
}

/**
 * A value other than a string as text, unescaped, or `undefined` when it cannot be part of a key. Text, number, bigint and boolean read
 * alike when they look alike (`1` and `"1"`), as in a URL; a Date reads as its ISO text.
 */
export function keyText(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined;
    default:
      return undefined;
  }
}

/** How messages call a value that cannot be part of a key. Its contents stay out: arguments may be secrets. */
export function describeArgument(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number") return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  if (value instanceof Date) return "an invalid Date";
  if (Array.isArray(value)) return "an array";
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? `an object (${name})` : "an object";
}
