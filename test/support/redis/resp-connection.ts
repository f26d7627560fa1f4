// A connection to a server that owes nothing to the client library under test: RESP2, replies in order, a deadline each.

import { connect } from "node:net";
import type { Socket } from "node:net";
import { decode, encodeCommand, FrameSplitter, RespError } from "./resp.ts";
import type { Reply } from "./resp.ts";

const DEADLINE_MS = 5_000;

/** Where to connect. */
export interface Address {
  readonly host?: string;
  readonly port: number;
  readonly password?: string | undefined;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** Resolves once the server has accepted the connection and the password. Rejects if it does not, within 5 s. */
export async function openConnection({ host = "127.0.0.1", port, password }: Address): Promise<RespConnection> {
  const socket = connect({ host, port, noDelay: true });
  const connection = new RespConnection(socket);
  try {
    await (password === undefined ? connection.opened : connection.send("AUTH", password));
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** One connection. Made by {@link openConnection}. */
export class RespConnection {
  /** Settles with the attempt to connect. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  readonly #splitter = new FrameSplitter();
  #failure: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("close", () => {
        reject(this.#failure ?? new Error("the connection was closed"));
      });
    });
    // Whoever sends at once learns of the failure there.
    this.opened.catch(() => undefined);
    socket.on("data", (chunk) => {
      for (const frame of this.#splitter.push(chunk)) this.#answer(decode(frame));
    });
    socket.on("error", (error) => {
      this.#failure = error;
    });
    socket.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(this.#failure ?? new Error("the connection was closed"));
    });
  }

  /** True when it can send no more. */
  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Resolves with the reply; rejects with a {@link RespError}, or when the connection or the deadline ends. */
  send(...args: readonly (string | number | Buffer)[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(this.#failure ?? new Error("the connection was closed"));
        return;
      }
      const timer = setTimeout(() => {
        this.#socket.destroy(new Error(`no reply to ${args.slice(0, 3).join(" ")} within ${DEADLINE_MS} ms`));
      }, DEADLINE_MS);
      this.#waiting.push({
        resolve: (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.write(encodeCommand(args));
    });
  }

  /** Closes it; what is under way is rejected. */
  close(): void {
    this.#socket.destroy();
  }

  #answer(reply: Reply): void {
    // Of a connection that monitors, the commands of others are no replies.
    if (typeof reply === "string" && /^\d+\.\d+ \[/.test(reply)) return;
    const waiting = this.#waiting.shift();
    if (reply instanceof RespError) waiting?.reject(reply);
    else waiting?.resolve(reply);
  }
}
