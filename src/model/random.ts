// Random bytes. The module they come from is loaded with the first of them: a cache in memory alone needs none.

import type { randomBytes as Source } from "node:crypto";

let source: typeof Source | undefined;

/** Bytes that nobody can guess, and no two processes share. */
export function randomBytes(size: number): Buffer<ArrayBuffer> {
  source ??= process.getBuiltinModule("node:crypto").randomBytes;
  return source(size);
}
