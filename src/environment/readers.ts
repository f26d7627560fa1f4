// What a variable may say: from its text to a value, or to an error that names the variable, its rule and its value.

import { badInput, CacheError } from "../errors.ts";
import { parseDuration, positiveOr, type Milliseconds } from "../model/duration.ts";
import { checkName } from "../model/key.ts";
import { DEFAULTS } from "../options.ts";
import { parseUrl } from "../redis/url.ts";

/** Reads the text of a variable, which is not empty. @throws CacheError `invalid_option`, or `invalid_key` for a name */
export type Reader<T> = (text: string, variable: string) => T;

const YES = ["true", "1", "yes", "on"];
const NO = ["false", "0", "no", "off"];

export function readFlag(text: string, variable: string): boolean {
  const word = text.toLowerCase();
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  throw refuse(variable, "true, false, 1, 0, yes, no, on or off", text);
}

/** One of some words, in either case. */
export function readChoice<C extends string>(choices: readonly C[]): Reader<C> {
  return (text, variable) => {
    const found = choices.find((choice) => choice === text.toLowerCase());
    if (found === undefined) throw refuse(variable, `one of ${choices.join(", ")}`, text);
    return found;
  };
}

/** A whole number in decimal digits. */
export function readInteger(min: number, max: number): Reader<number> {
  const rule = `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`;
  return (text, variable) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw refuse(variable, rule, text);
  };
}

/** A duration as options have it; a number alone is milliseconds. */
export function readDuration(text: string, variable: string): Milliseconds {
  return parseDuration(toDuration(text), variable);
}

/** One that is not 0. */
export function readPositive(text: string, variable: string): Milliseconds {
  return positiveOr(toDuration(text), 0, variable);
}

/** Nor for ever. */
export function readEnding(text: string, variable: string): Milliseconds {
  const ms = readPositive(text, variable);
  if (ms === Infinity) throw refuse(variable, "a duration that ends", text);
  return ms;
}

function toDuration(text: string): string | number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

export function readText(text: string): string {
  return text;
}

/** What may be part of a key. */
export function readName(text: string, variable: string): string {
  checkName(text, variable, DEFAULTS.maxKeyLength);
  return text;
}

export function readPath(text: string, variable: string): string {
  if (text.startsWith("file:") || text.includes("\0")) {
    throw refuse(variable, 'a path of the file system, or ":memory:"', text);
  }
  return text;
}

export function readHost(text: string, variable: string): string {
  // As in a URL, an IPv6 address may stand in brackets.
  const host = text.replace(/^\[([^\]]*)\]$/, "$1");
  const isAddress = host !== "" && !/[\s/@[\]]/.test(host) && !/^[^:]*:\d*$/.test(host);
  if (isAddress) return host;
  throw refuseSecret(variable, "the name or address of a host, without scheme and port", text);
}

export function readUrl(text: string, variable: string): string {
  if (parseUrl(text) !== undefined) return text;
  throw refuseSecret(variable, "redis:// or rediss:// with host, port and database", text);
}

function refuse(variable: string, rule: string, text: string): CacheError {
  return badInput("invalid_option", variable, rule, text);
}

/** For what may hold a password or a key. */
export function refuseSecret(variable: string, rule: string, text: string): CacheError {
  return new CacheError("invalid_option", `${variable} must be ${rule}, got a text of ${text.length} characters`);
}
