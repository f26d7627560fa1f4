// A TCP proxy between clients and a server that delays, loses, holds, cuts and garbles what goes through it.

import { createServer } from "node:net";
import type { Server } from "node:net";
import { freePort } from "./free-port.ts";
import { ProxyConnection } from "./proxy-connection.ts";
import { Direction } from "./proxy-direction.ts";
import type { Hold, Stop } from "./proxy-direction.ts";
import type { ConnectionFacts, Selection } from "./proxy-rules.ts";
import { seededRandom } from "./random.ts";

const LISTEN_ATTEMPTS = 5;

/** Where a proxy leads. */
export interface ProxyTarget {
  readonly host?: string;
  readonly port: number;
}

/** What a proxy does by chance depends on the seed and on what goes through it, nothing else. */
export interface ProxyOptions {
  /** Default 1. */
  readonly seed?: number;
}

/** Starts a proxy in front of a server, which need not be up. It changes nothing until it is told to. */
export async function startProxy(target: ProxyTarget, { seed = 1 }: ProxyOptions = {}): Promise<Proxy> {
  for (let attempt = 1; ; attempt++) {
    const proxy = new Proxy(await freePort(), target, seed);
    try {
      await proxy.accept();
      return proxy;
    } catch (error) {
      if (attempt === LISTEN_ATTEMPTS) throw error;
    }
  }
}

/** A proxy of a test. Made by {@link startProxy}. */
export class Proxy {
  readonly host = "127.0.0.1";
  readonly port: number;
  /** Commands on their way. */
  readonly toServer: Direction;
  /** Replies and messages on their way. */
  readonly toClient: Direction;
  readonly #server: Server;
  readonly #connections = new Set<ProxyConnection>();
  #target: ProxyTarget;
  #accepted = 0;

  constructor(port: number, target: ProxyTarget, seed: number) {
    this.port = port;
    this.#target = target;
    // One stream of chance each, so that they do not disturb each other.
    this.toServer = new Direction(seededRandom(seed));
    this.toClient = new Direction(seededRandom(~seed));
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#connections.add(
        new ProxyConnection({
          id: ++this.#accepted,
          client,
          target: { host: "127.0.0.1", ...this.#target },
          toServer: this.toServer,
          toClient: this.toClient,
          closed: (connection) => void this.#connections.delete(connection),
        }),
      );
    });
  }

  /** `redis://127.0.0.1:port` */
  get url(): string {
    return `redis://${this.host}:${this.port}`;
  }

  /** Connections that clients hold open. */
  get open(): number {
    return [...this.#connections].filter(({ open }) => open).length;
  }

  /** Connections accepted since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** New connections lead there; the old ones stay where they are. */
  retarget(target: ProxyTarget): void {
    this.#target = target;
  }

  /** Loses everything in both directions; connections stay open, new ones are accepted. */
  blackHole(selection: Selection = {}): Stop {
    const stops = [this.toServer.blackHole(selection), this.toClient.blackHole(selection)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Holds replies, or, as selected, some of them and what comes behind those on the same connection. */
  holdReplies(selection: Selection = {}): Hold {
    return this.toClient.hold(selection);
  }

  /** RST to both sides of all connections, or of some. New ones are accepted. */
  reset(on: (connection: ConnectionFacts) => boolean = () => true): void {
    for (const connection of this.#connections) if (on(connection)) connection.reset();
  }

  /** New connections are refused (ECONNREFUSED) until {@link accept}; the old ones go on. */
  async refuse(): Promise<void> {
    // It stops to listen at once; the callback would wait for the connections.
    this.#server.close();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** New connections are accepted. */
  async accept(): Promise<void> {
    if (this.#server.listening) return;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.port, this.host, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** Ends every fault. What was held goes on; what was lost stays lost. */
  async heal(): Promise<void> {
    this.toServer.heal();
    this.toClient.heal();
    await this.accept();
  }

  /** Closes everything. Once is enough, more is harmless. */
  async stop(): Promise<void> {
    await this.refuse();
    this.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
