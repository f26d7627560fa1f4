// One run of a handler for the cache: with a Context of its own, and what it comes to as a response.

import type { Context, Next } from "hono";
import { keyedRequest } from "../fetch-head.ts";
import type { KeyedHead } from "../incoming.ts";
import { isFailure } from "../policy/status.ts";
import { ownContext } from "./own-context.ts";
import { standIn } from "./reserved.ts";

/** A handler, as Hono calls it. What it throws or rejects with is its failure. */
export type HonoHandler = (c: Context, next: Next) => Response | void | Promise<Response | void>;

/** The response of a run on behalf of all who ask for the same. */
export async function runForKey(handler: HonoHandler, client: Context, keyed: KeyedHead): Promise<Response> {
  const c = ownContext(client, keyedRequest(keyed));
  try {
    const given = responseIn(await within(c, () => handler(c, async () => undefined)));
    if (given !== undefined) return given;
    return c.finalized ? c.res : standIn(404, { because: "next" });
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || isFailure(status)) throw error;
    return standIn(status, { because: "exception", error });
  }
}

/** For `getContext`, which gives the Context that the middleware for it was called with. */
async function within<T>(c: Context, work: () => T): Promise<Awaited<T> | undefined> {
  const storage = c.req.matchedRoutes.find(({ handler }) => handler.name === "contextStorage")?.handler;
  if (storage === undefined) return await work();
  let given: Awaited<T> | undefined;
  await storage(c, async () => {
    given = await work();
  });
  return given;
}

/**
 * The response that a handler has returned: `next()` gives a Context. It is not asked with `instanceof`, since the server for Node has put a
 * class of its own in the place of the platform's, to which belongs what `fetch` gives.
 */
export function responseIn(given: unknown): Response | undefined {
  return typeof given === "object" && given !== null && "headers" in given ? (given as Response) : undefined;
}

/** An exception that is an answer: `HTTPException`. */
function statusOf(error: unknown): number | undefined {
  const isAnswer = error instanceof Error && "getResponse" in error && "status" in error;
  return isAnswer && typeof error.status === "number" ? error.status : undefined;
}
