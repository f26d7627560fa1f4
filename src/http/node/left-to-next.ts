// A handler that leaves the request to the next one: an outcome like any other, which every request has for itself.

/** What the handler gave to `next`, under the response that stands for it. */
const left = new WeakMap<Response, LeftToNext>();

/** `undefined`, a word of the router's, as `"route"`, or an error that is the client's. */
export interface LeftToNext {
  readonly reason: unknown;
}

/**
 * Whether what a handler gave to `next`, or threw, is no failure of its own: nothing; a word of the router's; or an error that says
 * 4xx, as `throw createError(404)` does. Then no old response is to be given instead.
 */
export function isLeft(reason: unknown): boolean {
  return (
    reason === undefined || reason === null || reason === "route" || reason === "router" || saysClientError(reason)
  );
}

/** The status that errors of frameworks bring along. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { status, statusCode } = error as { readonly status?: unknown; readonly statusCode?: unknown };
  return [status, statusCode].find((one) => typeof one === "number");
}

function saysClientError(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && status >= 400 && status <= 499;
}

/** A response to give to the cache: it is not stored, and others are told to run the handler themselves. */
export function responseOfLeft(reason: unknown): Response {
  const response = new Response(null, { status: 404, headers: { "Cache-Control": "no-store" } });
  left.set(response, { reason });
  return response;
}

/** What `responseOfLeft` was given; `undefined` for any other response. */
export function leftBy(response: Response): LeftToNext | undefined {
  return left.get(response);
}
