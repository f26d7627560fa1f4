// Ports for servers and proxies that may close and open them again.

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const FIRST = 10_000;
const COUNT = 10_000;
/** A cluster node talks to the others on its port plus this. */
const BUS_OFFSET = 10_000;

/**
 * A port nobody listens on, nor on the cluster bus port that goes with it, and that no other process is given by this
 * function for as long as this one lives: a server needs a moment to listen, and may be down for a while. It lies below the range from which systems
 * take ports for outgoing connections: one of those could sit on the port of a server that is down, or, by chance,
 * connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await reserve(port)) && (await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port;
  }
}

/**
 * Takes the port's namesake of UDP, which nobody uses and the system gives to one process alone, until that ends. Resolves
 * with whether it could be had.
 */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.unref();
    socket.once("error", () => {
      resolve(false);
    });
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      resolve(true);
    });
  });
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
