// One request of Hono, as the cache sees it.

import type { Context } from "hono";
import type { Incoming, KeyedHead } from "../incoming.ts";
import { isOfUser, saysPrivate } from "../known-user.ts";
import type { RequestHead } from "../policy/message.ts";
import { reservedOf } from "./reserved.ts";
import { runForKey, type HonoHandler } from "./run.ts";

/** A class, because the server for Node makes the signal when it is asked for, and a hit does not ask. */
export class HonoIncoming implements Incoming<Context> {
  readonly request: Context;
  readonly head: RequestHead;
  readonly #handler: HonoHandler;

  constructor(handler: HonoHandler, c: Context, head: RequestHead) {
    this.#handler = handler;
    this.request = c;
    this.head = head;
  }

  /** Also where middleware has said so of the answer. */
  get isOfUser(): boolean {
    return hasUser(this.request) || isCalledPrivate(this.request);
  }

  get signal(): AbortSignal {
    return this.request.req.raw.signal;
  }

  run(keyed: KeyedHead): Promise<Response> {
    return runForKey(this.#handler, this.request, keyed);
  }

  refusal(response: Response): string | undefined {
    return reservedOf(response)?.because;
  }
}

/** What Hono's own guards leave, and most others. */
function hasUser(c: Context): boolean {
  const user: unknown = c.get("user") ?? c.get("jwtPayload");
  return isOfUser({ user });
}

/** Whether middleware has called what this client gets its own. */
function isCalledPrivate(c: Context): boolean {
  const control = c.newResponse(null).headers.get("cache-control");
  return control !== null && saysPrivate(control);
}
