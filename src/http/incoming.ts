// What the cache knows of a request, whichever server it came to, and what it tells that server to answer.

import type { FieldList, RequestHead } from "./policy/message.ts";
import type { Way } from "./prepared.ts";

/** One request. `R` is what its server calls a request. */
export interface Incoming<R> {
  /** For the functions in the options. */
  readonly request: R;
  /** Its URL is absolute; its host counts for nothing. */
  readonly head: RequestHead;
  /** Whether a guard before the route has found out whose request it is: `request.user`. */
  readonly isOfUser: boolean;
  /** Ends when the client has left. It is not read for a hit. */
  readonly signal: AbortSignal | undefined;
  /** Runs the handler for all who ask for the same, while the client may be gone, or have its answer. */
  readonly run: (keyed: KeyedHead) => Promise<Response>;
  /** Why a response of a run is for one client alone, where the server knows more than its head says; `undefined`: it is not. */
  readonly refusal?: (response: Response) => string | undefined;
}

/**
 * What the handler may see when it answers for everybody with the same key: a GET, without conditions and ranges, under the
 * configured origin, with no parameter in its query that is not part of the key.
 */
export interface KeyedHead {
  readonly url: string;
  readonly fields: FieldList;
  /** Ends when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** What a request is to be answered with. */
export type Answer = StoredAnswer | OwnAnswer | DirectAnswer;

/** What is stored: all of it, a part, its head, or word that the client has it already. */
export interface StoredAnswer {
  readonly kind: "stored";
  readonly status: number;
  readonly statusText: string;
  readonly fields: FieldList;
  readonly body: Uint8Array | undefined;
}

/** What a run of the handler has brought for this request alone. */
export interface OwnAnswer {
  readonly kind: "own";
  readonly response: Response;
  readonly way: Way;
}

/** Nothing: the handler is to be run for the request as it is. */
export interface DirectAnswer {
  readonly kind: "direct";
  readonly way: Way;
}
