// One request of Fastify, as the cache sees it.

import type { Incoming, KeyedHead } from "../incoming.ts";
import { isOfUser } from "../known-user.ts";
import { isCalledPrivate } from "../node/inherited.ts";
import { signalOf } from "../node/leaving.ts";
import type { RequestHead } from "../policy/message.ts";
import type { AnyRequest } from "./context.ts";
import { runForKey, type Call } from "./run.ts";

/** A class, because V8 keeps an object with a getter of its own, and all of its request, until it next collects everything. */
export class FastifyIncoming implements Incoming<AnyRequest> {
  readonly request: AnyRequest;
  readonly head: RequestHead;
  readonly #call: Call;
  readonly #origin: string | undefined;
  #signal: AbortSignal | undefined;

  constructor(call: Call, head: RequestHead, origin: string | undefined) {
    this.request = call.request;
    this.head = head;
    this.#call = call;
    this.#origin = origin;
  }

  /** Also where a hook has said so of the answer. */
  get isOfUser(): boolean {
    const { request, reply } = this.#call;
    return isOfUser(request) || isOfUser(request.raw) || isCalledPrivate(reply);
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#call.reply.raw);
    return this.#signal;
  }

  /** Whether the client has left, as far as the signal was asked for. */
  get hasLeft(): boolean {
    return this.#signal?.aborted === true;
  }

  run(keyed: KeyedHead): Promise<Response> {
    return runForKey(this.#call, keyed, this.#origin);
  }
}
