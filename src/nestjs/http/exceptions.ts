// Exceptions that a route throws for the cache, and what they are to clients.

import { isFailure } from "../../http/policy/status.ts";

const thrown = new WeakMap<Response, { readonly error: unknown }>();

/**
 * What a run of a route that has thrown has brought: of a `NotFoundException` and its like an answer that is not to be stored, since an old one would not be
 * better; of all others a failure, instead of which an old answer may be given.
 * @throws the error, if it is a failure
 */
export function answerOf(error: unknown): Response {
  const status = statusOf(error);
  if (status === undefined || isFailure(status)) throw error;
  const response = new Response(null, { status, headers: { "Cache-Control": "no-store" } });
  thrown.set(response, { error });
  return response;
}

/** What was thrown where such a response came to be. */
export function exceptionOf(response: Response): { readonly error: unknown } | undefined {
  return thrown.get(response);
}

/** That of an `HttpException`, or of an error as `http-errors` and Fastify make them. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { getStatus, statusCode } = error as { getStatus?: unknown; statusCode?: unknown };
  const status: unknown = typeof getStatus === "function" ? getStatus.call(error) : statusCode;
  return typeof status === "number" && status >= 400 && status <= 599 ? status : undefined;
}
