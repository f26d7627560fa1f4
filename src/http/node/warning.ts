// Word of failures that no request is there to be told of.

import { inspect } from "../../model/node-util.ts";

/** A warning of the process. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error || typeof error === "string" ? error : inspect(error));
}
