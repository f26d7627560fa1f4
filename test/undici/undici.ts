// The undici that these tests run on: version 7, or version 8 where `FRESHTIER_UNDICI` is "8", as in a project of
// vitest.config.ts.

import type * as undici from "undici";
import { NODE_RUNS_8 } from "./node-runs-8.ts";

export type { Dispatcher, RequestInit, Response } from "undici";

/** Whether it is to be version 8. */
export const IS_8: boolean = process.env["FRESHTIER_UNDICI"] === "8";

// As version 7 by its types: the two differ in what no test uses. The seam of the store is compared in options.test.ts.
const tested = (IS_8 && NODE_RUNS_8 ? await import("undici-8") : await import("undici")) as unknown as typeof undici;

export const { Agent, fetch, getGlobalDispatcher, interceptors, request, setGlobalDispatcher } = tested;
