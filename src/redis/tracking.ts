// Server-assisted tracking: every primary says which entries any program has touched. Its end is final.

import type { RedisClient } from "./client.ts";
import { LEGACY_PROTOCOL } from "./connect.ts";
import type { RedisNode } from "./connection.ts";

/** Where a server tells connections of the older protocol. */
const CHANNEL = "__redis__:invalidate";

/** Told of what tracking hears. */
export interface TrackingHandlers {
  /** Written, removed or expired. @param key with everything in front */
  onTouched(key: string): void;
  /** A whole database was flushed. */
  onFlushed(): void;
  /** It has ended, and not because it was closed. Called once. */
  onLost(reason: string): void;
}

/**
 * One connection to each primary. Each redirects to itself what its server broadcasts about keys with a prefix; the
 * client library drops such messages on connections of the newer protocol. Writes of this process are told as well:
 * NOLOOP concerns the connection that tracks, which writes nothing.
 */
export class Tracking {
  readonly #client: RedisClient;
  readonly #prefix: string;
  readonly #handlers: TrackingHandlers;
  #opened: Promise<void> | undefined;
  #lines: readonly RedisNode[] = [];
  #isOver = false;

  /** @param prefix of keys, as the servers see them */
  constructor(client: RedisClient, prefix: string, handlers: TrackingHandlers) {
    this.#client = client;
    this.#prefix = prefix;
    this.#handlers = handlers;
  }

  /** Resolves when every primary has acknowledged. @throws what it failed of */
  open(): Promise<void> {
    return (this.#opened ??= this.#open());
  }

  /** Resolves when every connection has answered: one that nothing comes through any more looks as good as another. */
  async ping(): Promise<void> {
    await this.open();
    await Promise.all(this.#lines.map((line) => this.#client.runOn(line, (one) => one.ping())));
  }

  close(): void {
    this.#isOver = true;
    for (const line of this.#lines) line.disconnect();
  }

  async #open(): Promise<void> {
    try {
      const lines = await this.#client.listeners(LEGACY_PROTOCOL);
      if (this.#isOver) throw new Error("it was closed");
      this.#lines = lines;
      await Promise.all(lines.map((line) => this.#begin(line)));
    } catch (error) {
      this.#lose("tracking could not begin");
      throw error;
    }
  }

  async #begin(line: RedisNode): Promise<void> {
    // Errors come with a close; one that nobody listens to kills the process.
    line.on("error", () => undefined);
    line.on("close", () => this.#lose("its connection for tracking was lost"));
    line.on("messageBuffer", (_channel: unknown, keys: readonly Uint8Array[] | null) => this.#hear(keys));
    await line.connect();
    const id = String(await line.client("ID"));
    await line.client("TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", this.#prefix);
    await line.subscribe(CHANNEL);
  }

  #hear(keys: readonly Uint8Array[] | null): void {
    if (this.#isOver) return;
    if (keys === null) return this.#handlers.onFlushed();
    for (const key of keys) this.#handlers.onTouched(Buffer.from(key).toString());
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.onLost(reason);
  }
}
