// An origin over real sockets, which does what a test says and notes what it is asked.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type OriginHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A server on a free port of this machine. */
export class Origin {
  /** What it was asked, in order: `"GET /path"`. */
  readonly asked: string[] = [];
  handle: OriginHandler = (_request, response) => response.end();
  readonly #server = createServer((request, response) => {
    this.asked.push(`${request.method} ${request.url}`);
    void this.handle(request, response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Answers everything with these headers and a body that counts the answers. */
  says(headers: Record<string, string>, status = 200): void {
    this.handle = (_request, response) => response.writeHead(status, headers).end(`answer ${this.asked.length}`);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
