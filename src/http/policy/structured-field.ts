// Dictionaries of Structured Fields, parsed as strictly as they ask for: one error, and the field does not count (RFC 9651 §4.2).

import { OWS, Scanner } from "./syntax.ts";

/** A bare item: what it is, and what it says. Numbers stay numbers, everything else is text. */
export type BareItem =
  | { readonly type: "integer" | "decimal" | "date"; readonly value: number }
  | { readonly type: "string" | "token" | "bytes" | "display"; readonly value: string }
  | { readonly type: "boolean"; readonly value: boolean };

/** The value of a member: an item, or an inner list, of which nobody here asks more than that it is one. */
export type DictionaryValue = BareItem | { readonly type: "list" };

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?/y;
const INTEGER = /^-?[0-9]{1,15}$/;
const DECIMAL = /^-?[0-9]{1,12}\.[0-9]{1,3}$/;
const STRING = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y;
const SF_TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const BYTES = /:[A-Za-z0-9+/=]*:/y;
const DISPLAY = /%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y;
const SPACES = / */y;

/**
 * The members of a Dictionary on one line or more, by key (RFC 9651 §4.2.2). A key that is there twice has its last
 * value, as the format says. `undefined` when it cannot be parsed. Parameters are checked and left out.
 */
export function parseDictionary(lines: readonly string[]): Map<string, DictionaryValue> | undefined {
  const scanner = new Scanner(lines.join(", ").replaceAll(/^ +| +$/g, ""));
  const members = new Map<string, DictionaryValue>();
  while (!scanner.isDone) {
    const key = scanner.take(KEY);
    if (key === undefined) return undefined;
    const value = takeValue(scanner);
    if (value === undefined) return undefined;
    members.delete(key);
    members.set(key, value);
    if (!atNextMember(scanner)) return undefined;
  }
  return members;
}

/** Whether the text ends here, or another member begins behind a comma. */
function atNextMember(scanner: Scanner): boolean {
  scanner.take(OWS);
  if (scanner.isDone) return true;
  if (!scanner.skip(",")) return false;
  scanner.take(OWS);
  return !scanner.isDone;
}

function takeValue(scanner: Scanner): DictionaryValue | undefined {
  if (!scanner.skip("=")) return takeParameters(scanner) ? { type: "boolean", value: true } : undefined;
  const value = scanner.skip("(") ? takeInnerList(scanner) : takeBareItem(scanner);
  return value !== undefined && takeParameters(scanner) ? value : undefined;
}

function takeInnerList(scanner: Scanner): DictionaryValue | undefined {
  for (;;) {
    scanner.take(SPACES);
    if (scanner.skip(")")) return { type: "list" };
    if (takeBareItem(scanner) === undefined || !takeParameters(scanner)) return undefined;
    if (scanner.next !== " " && scanner.next !== ")") return undefined;
  }
}

function takeParameters(scanner: Scanner): boolean {
  while (scanner.skip(";")) {
    scanner.take(SPACES);
    if (scanner.take(KEY) === undefined) return false;
    if (scanner.skip("=") && takeBareItem(scanner) === undefined) return false;
  }
  return true;
}

function takeBareItem(scanner: Scanner): BareItem | undefined {
  const { next } = scanner;
  if (next === '"') return text("string", scanner.take(STRING), unescaped);
  if (next === ":") return text("bytes", scanner.take(BYTES), (item) => item.slice(1, -1));
  if (next === "%") return text("display", scanner.take(DISPLAY), (item) => item.slice(2, -1));
  if (next === "?") return takeBoolean(scanner);
  if (next === "@") return takeDate(scanner);
  if (next === "-" || (next >= "0" && next <= "9")) return takeNumber(scanner);
  return text("token", scanner.take(SF_TOKEN), (item) => item);
}

function text(
  type: "string" | "token" | "bytes" | "display",
  item: string | undefined,
  read: (item: string) => string,
): BareItem | undefined {
  return item === undefined ? undefined : { type, value: read(item) };
}

function unescaped(item: string): string {
  return item.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}

function takeBoolean(scanner: Scanner): BareItem | undefined {
  if (scanner.skip("?1")) return { type: "boolean", value: true };
  return scanner.skip("?0") ? { type: "boolean", value: false } : undefined;
}

function takeDate(scanner: Scanner): BareItem | undefined {
  scanner.skip("@");
  const number = takeNumber(scanner);
  return number?.type === "integer" ? { type: "date", value: number.value } : undefined;
}

function takeNumber(scanner: Scanner): BareItem | undefined {
  const number = scanner.take(NUMBER) ?? "";
  if (INTEGER.test(number)) return { type: "integer", value: Number(number) };
  return DECIMAL.test(number) ? { type: "decimal", value: Number(number) } : undefined;
}
