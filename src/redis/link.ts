// The connection (or cluster of them) that the caches of one plan share, and the generations that nothing crosses.

import { Batch } from "./batch.ts";
import { createClient, retryDelayMs, silenceLimitMs } from "./connect.ts";
import { isCluster, type RedisEndpoint, type RedisNode } from "./connection.ts";
import { firstError } from "./first-error.ts";
import { Lineage, type Descent } from "./lineage.ts";
import type { RedisSettings } from "./settings.ts";
import { untilReady, watchConnection, type Watch } from "./watch.ts";

/** Told that commands issued before and after may have gone to different servers, or to one that forgot something. */
export type GenerationListener = (reason: string) => void;

/**
 * A generation ends with a connection, and when a server turns out to be another than it was (a failover that cut no
 * connection). Connects in the background, again and again.
 */
export class RedisLink {
  readonly settings: RedisSettings;
  /** What commands of one turn go out with. */
  readonly batch: Batch = new Batch();
  readonly #first = new Set<GenerationListener>();
  readonly #listeners = new Set<GenerationListener>();
  readonly #lineage = new Lineage();
  readonly #created: Promise<RedisEndpoint>;
  readonly #firstAttempt: Promise<void>;
  #connection: RedisEndpoint | undefined;
  #isUsable = false;
  #watch: Watch | undefined;
  #isTried = false;
  #isClosed = false;
  #isLeaving = false;
  #generation = 0;
  #lastError: unknown;
  #reviving: NodeJS.Timeout | undefined;
  /** Since when commands have expired without an answer to any; `undefined` while there are answers. */
  #silentSince: number | undefined;

  constructor(settings: RedisSettings) {
    this.settings = settings;
    this.#created = this.#create();
    this.#firstAttempt = this.#connect().catch((error: unknown) => {
      // What the connection itself said before that says more.
      this.#lastError ??= error;
    });
    void this.#firstAttempt.then(() => void (this.#isTried = true));
  }

  /** Counts up. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether an answer to a command of that generation may be believed. */
  isCurrent(generation: number): boolean {
    this.#watch?.look?.();
    return generation === this.#generation;
  }

  /** The connection, if commands can be sent now. Not before listeners have been told of its being another one. */
  get ready(): RedisEndpoint | undefined {
    const hasPrimary = this.#watch?.look?.() ?? true;
    return hasPrimary && this.#isUsable && this.#connection?.status === "ready" ? this.#connection : undefined;
  }

  /** The connection, whatever its state. */
  get connection(): RedisEndpoint | undefined {
    return this.#connection;
  }

  /** What went wrong last. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Hears of every generation that begins, before those of {@link onGeneration}; returns what ends that. */
  onReconnect(listener: GenerationListener): () => void {
    this.#first.add(listener);
    return () => void this.#first.delete(listener);
  }

  /** Hears of every generation that ends or begins; returns what ends that. */
  onGeneration(listener: GenerationListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when the first attempt to connect is over, either way. */
  async tried(): Promise<void> {
    if (!this.#isTried && !this.#isClosed) await this.#firstAttempt;
  }

  /** Something has been answered. */
  noteAnswer(): void {
    this.#silentSince = undefined;
  }

  /** A command was not answered in time. A server that is gone without a word never will: the connection is ended. */
  noteSilence(): void {
    const now = performance.now();
    this.#silentSince ??= now;
    if (now - this.#silentSince < silenceLimitMs(this.settings)) return;
    this.#silentSince = undefined;
    const connection = this.ready;
    if (connection === undefined || isCluster(connection) || this.settings.target.kind === "client") return;
    connection.disconnect(true);
  }

  /** Notes who a server says it is, in answer to a question of this generation. One that has changed ends it. */
  noteDescent(node: RedisNode, descent: Descent | undefined, issued: number): void {
    const change = this.#lineage.note(node, descent);
    if (change === undefined || issued !== this.#generation) return;
    if (change === "replica") this.leaveReplica();
    else this.#endGeneration("the server continues other data than before");
  }

  /**
   * A replica refuses writes and may be behind. Of a connection of our own another one may lead to the primary; a
   * cluster that nobody sends commands to would learn of its new primary only when it looks the next time.
   */
  leaveReplica(): void {
    this.#lastError = new Error("READONLY: the server is a replica");
    this.#endGeneration("the server is a replica");
    const connection = this.ready;
    // Every command that was refused comes here: one of them is enough for a connection.
    if (connection === undefined || this.#isLeaving) return;
    this.#isLeaving = true;
    setImmediate(() => void (this.#isLeaving = false));
    if (isCluster(connection)) connection.refreshSlotsCache();
    else if (this.settings.target.kind !== "client") connection.disconnect(true);
  }

  /** Ends the connection, unless it is the user's. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#reviving);
    this.#first.clear();
    this.#listeners.clear();
    this.#endGeneration("closed");
    // Not found: there is nothing to close.
    const connection = await this.#created.catch(() => undefined);
    this.#watch?.stop();
    if (this.settings.target.kind !== "client") connection?.disconnect();
  }

  async #create(): Promise<RedisEndpoint> {
    const connection = await createClient(this.settings);
    this.#connection = connection;
    this.#isUsable = connection.status === "ready";
    this.#watch = watchConnection(connection, {
      onUsable: (isUsable) => void (this.#isUsable = isUsable),
      onGeneration: (reason, isLoss) => this.#endGeneration(reason, isLoss),
      onError: (error) => void (this.#lastError = firstError(error)),
      onEnd: () => this.#revive(connection),
    });
    return connection;
  }

  /**
   * The client library connects again by itself, but for one case: a word of a failover that comes while sentinels are
   * asked for the primary ends the attempt, and the connection with it.
   */
  #revive(connection: RedisEndpoint): void {
    if (this.#isClosed || this.settings.target.kind === "client") return;
    this.#reviving = setTimeout(() => void connection.connect().catch(() => undefined), retryDelayMs(1));
  }

  async #connect(): Promise<void> {
    const connection = await this.#created;
    if (this.#isClosed) return;
    if (connection.status === "wait") await connection.connect();
    else if (connection.status !== "ready") await untilReady(connection);
    // A cluster says so before its event does.
    this.#isUsable = connection.status === "ready";
  }

  #endGeneration(reason: string, isLoss = false): void {
    this.#generation++;
    this.#lineage.forget();
    if (!isLoss) for (const listener of this.#first) listener(reason);
    for (const listener of this.#listeners) listener(reason);
  }
}
