// How an error appears in a span: its kind, its text, and no key in it unless somebody asked for keys.

import type { Attributes, Exception } from "@opentelemetry/api";
import { CacheError, show } from "../errors.ts";
import { ATTRIBUTES } from "./names.ts";

/** An error, ready to be recorded. */
export interface ShownFailure {
  readonly attributes: Attributes;
  readonly exception: Exception;
  readonly message: string;
}

/** What a message of ours says of the value it refuses, at its end. */
const GOT = /, got .*$/s;
/** Quoted text in it. One that was too long has no end. */
const QUOTED = /(['"`])(?:\\.|(?!\1).)*(?:\1|$)/g;

/**
 * @param keys whether keys may be shown. Without that, messages of ours are shown without keys and values. What a refresh has thrown is
 *   the user's own, and shown as it is
 */
export function showFailure(error: unknown, keys: boolean): ShownFailure {
  const attributes = { [ATTRIBUTES.errorType]: typeOf(error) };
  if (!(error instanceof Error)) {
    const message = show(error);
    return { attributes, exception: { name: typeof error, message }, message };
  }
  const { name, stack } = error;
  const message = keys || !(error instanceof CacheError) ? error.message : withoutData(error.message);
  const exception: Exception = { name, message };
  if (stack !== undefined) exception.stack = stack.replace(error.message, () => message);
  return { attributes, exception, message };
}

function withoutData(message: string): string {
  return message.replace(GOT, ", got …").replaceAll(QUOTED, "…");
}

/** One of few words. `_OTHER` is what OpenTelemetry says for all that has none. */
function typeOf(error: unknown): string {
  if (error instanceof CacheError) return error.code;
  return error instanceof Error && typeof error.name === "string" ? error.name : "_OTHER";
}
