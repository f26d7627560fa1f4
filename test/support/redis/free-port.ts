// Ports for servers and proxies that may close and open them again.

import { createServer } from "node:net";

const FIRST = 10_000;
const COUNT = 10_000;
/** A cluster node talks to the others on its port plus this. */
const BUS_OFFSET = 10_000;

const given = new Set<number>();

/**
 * A port nobody listens on, nor on the cluster bus port that goes with it. It lies below the range from which systems
 * take ports for outgoing connections: one of those could sit on the port of a server that is down, or, by chance,
 * connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + BUS_OFFSET))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
