// The parts of `node:util` that are used, without what its form as an ES module brings along.

import type * as NodeUtil from "node:util";

/**
 * To import it gives every export a value, and so loads AbortController, `parseArgs` and the parser of MIME types: a
 * twentieth of the time that importing this package takes.
 */
const util = process.getBuiltinModule("node:util");

/** See `util.inspect`. */
export const inspect: typeof NodeUtil.inspect = util.inspect;

/** See `util.types`. */
export const types: typeof NodeUtil.types = util.types;
