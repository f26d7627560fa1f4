// The one error class, its codes, and the wording of messages about bad input.

import { inspect } from "./model/node-util.ts";

/** What went wrong, for programs. */
export type CacheErrorCode =
  /** A cache or tier option is unknown, of the wrong type or out of range. */
  | "invalid_option"
  /** An argument of a verb, other than its key and value, is wrong. */
  | "invalid_argument"
  /** A key, namespace or tag is empty, too long, or no well-formed string. */
  | "invalid_key"
  /** A value may not be cached: `undefined`, a promise, or refused by `validate`. */
  | "invalid_value"
  /** A value holds something that cannot be copied without changing it; the message names the path. */
  | "unserializable"
  /** The refresh took longer than `hardTimeout`, or than the time a background refresh may take. */
  | "timeout"
  /** A tier outside the process could not be reached, did not answer in time, or answered with an error, the `cause`. */
  | "unavailable"
  /** A tier outside the process answered, and would not do what it was asked: it is full, or may not. See `cause`. */
  | "refused"
  /** A synchronous refresh asked for its own key, by itself or through those of other keys. */
  | "cycle"
  /** The cache was used, or still refreshing, after `close()`. */
  | "closed"
  /** The registry holds no default cache yet, or an object has no injected one. */
  | "not_initialized"
  /** The registry holds a default cache already. */
  | "already_initialized"
  /** A key template cannot be read, or names what is not there. */
  | "invalid_key_template"
  /** An argument cannot become part of a key. */
  | "invalid_key_argument"
  /** A decorator stands on something it cannot decorate. */
  | "invalid_decorator";

/** Details that some errors carry. */
export interface CacheErrorDetails {
  readonly cause?: unknown;
  /** The key the failed operation was about. */
  readonly key?: string;
}

/**
 * Every error that freshtier itself raises. An error thrown by the caller's own refresh reaches the caller unwrapped.
 */
export class CacheError extends Error {
  readonly code: CacheErrorCode;
  /** The key the failed operation was about. Absent, and not just `undefined`, where there is none. */
  declare readonly key?: string;

  constructor(code: CacheErrorCode, message: string, details: CacheErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    if (details.key !== undefined) this.key = details.key;
  }

  override get name(): string {
    return "CacheError";
  }
}

/** An error that names the field, the rule it broke and the value received. */
export function badInput(code: CacheErrorCode, field: string, rule: string, value: unknown): CacheError {
  return new CacheError(code, `${field} must be ${rule}, got ${show(value)}`);
}

/** A value as it appears in messages: one line, at most 80 characters. */
export function show(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `function ${value.name}`;
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 60 });
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** Makes a `switch` over a union exhaustive: the compiler refuses a call that can be reached. */
export function assertNever(value: never): never {
  throw new TypeError(`unreachable: ${show(value)}`);
}
