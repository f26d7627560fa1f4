// One run of a route for the cache.

import { answerOf } from "./exceptions.ts";
import type { OwnExchange } from "./platform.ts";
import { noteOwn } from "./visits.ts";

/** The method has left the request to the next route: there is no answer to keep. */
export class LeftToNext extends Error {
  constructor() {
    super("the method has left the request to the next route");
  }
}

/**
 * What a route answers to a request of the cache's own. Ends with `signal`.
 * @throws what the route throws, if it is a failure; LeftToNext
 */
export async function runForCache(
  own: OwnExchange,
  signal: AbortSignal,
  run: (own: OwnExchange, next: (error?: unknown) => void) => Promise<void>,
): Promise<Response> {
  noteOwn(own.req);
  let thrown: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    thrown ??= { error };
    own.fail(error);
  };
  signal.addEventListener("abort", () => fail(signal.reason), { once: true });
  run(own, (error) => fail(error ?? new LeftToNext())).catch(fail);
  try {
    return await own.response;
  } catch (error) {
    return answerOf(thrown === undefined ? error : thrown.error);
  }
}
