// A response of which a client gets nothing before something else is done.

import type { ServerResponse } from "node:http";

type End = (...given: unknown[]) => ServerResponse;

/**
 * Holds the end of a response, and with it all of a short one, until `before` has settled. If that rejects, the response is a
 * failure, as far as it can still become one.
 */
export function holdEnd(res: ServerResponse, before: () => Promise<void>): void {
  const end = res.end.bind(res) as End;
  const held: End = (...given) => {
    res.end = end as never;
    before().then(
      () => void end(...given),
      (error: unknown) => fail(res, error),
    );
    return res;
  };
  res.end = held as never;
}

function fail(res: ServerResponse, error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
  if (res.headersSent) return void res.destroy();
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.statusCode = 500;
  res.end();
}
