// A client of servers of this machine: it sends just what a test says, and reads all that comes back.

import { request, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";

export interface Asking {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Breaks the connection off. */
  readonly signal?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** What is said in `Cache-Status`, without the name of the cache. */
  readonly way: string;
}

/** @throws when the answer breaks off */
export type Ask = (path: string, asking?: Asking) => Promise<Reply>;

/** Asks on a connection of its own, if there is no agent. The target goes out as it is: fetch would make some others. */
export function askPort(port: number, path: string, asking: Asking = {}, agent: Agent | false = false): Promise<Reply> {
  const { method = "GET", headers = {}, body, signal } = asking;
  const options = { host: "127.0.0.1", port, path, method, headers, agent, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers: given } = response;
        const bytes = Buffer.concat(chunks);
        resolve({ status, headers: given, bytes, text: bytes.toString(), way: wayIn(given["cache-status"]) });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** What a field `Cache-Status` says, without the name of the cache. */
export function wayIn(status: string | string[] | null | undefined): string {
  return String(status ?? "").replace(/^freshtier(; )?/, "");
}
