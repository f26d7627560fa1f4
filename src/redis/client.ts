// The one connection (or cluster of them) that all commands share: deadlines, and generations that nothing crosses.

import type { Clock } from "../contracts/clock.ts";
import { CacheError } from "../errors.ts";
import { Batch } from "./batch.ts";
import { createClient, createSubscriber } from "./connect.ts";
import { isCluster, type Issue, type RedisClientLike, type RedisNode } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { isRefusedAsReplica, Lineage } from "./lineage.ts";
import type { RedisSettings } from "./settings.ts";
import { untilReady, watchConnection } from "./watch.ts";

/** Told that commands issued before and after may have gone to different servers, or to one that forgot something. */
export type GenerationListener = (reason: string) => void;

/**
 * Neither commands nor replies cross a generation: a reply to a command of an earlier one is an error, because between
 * the two an invalidation may have been lost. A generation ends with a connection, and when a server turns out to be
 * another than it was (a failover that cut no connection).
 */
export class RedisClient {
  readonly #settings: RedisSettings;
  readonly #deadlines: Deadlines;
  readonly #listeners = new Set<GenerationListener>();
  readonly #lineage = new Lineage();
  readonly #batch = new Batch();
  readonly #created: Promise<RedisClientLike>;
  /** Resolves when the first attempt to connect is over, either way. */
  readonly #firstAttempt: Promise<void>;
  #connection: RedisClientLike | undefined;
  #unwatch: (() => void) | undefined;
  #isTried = false;
  #isClosed = false;
  #generation = 0;
  #lastError: unknown;

  constructor(settings: RedisSettings, clock: Clock) {
    this.#settings = settings;
    this.#deadlines = new Deadlines(clock, settings.timeoutMs);
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

  /** Whether commands can be sent now. */
  get isConnected(): boolean {
    return this.#connection?.status === "ready";
  }

  /** Whether keys are spread over several servers. */
  get isCluster(): boolean {
    return this.#connection !== undefined && isCluster(this.#connection);
  }

  /** Hears of every change of generation, and of every connection made; returns what ends that. */
  onGeneration(listener: GenerationListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Runs a command within the timeout. Without a connection it fails at once, except that the first connection is
   * waited for. @throws CacheError `unavailable`, `closed`
   */
  run<T>(issue: Issue<T>): Promise<T> {
    const connection = this.#connection;
    if (connection?.status === "ready" && !this.#isClosed) {
      this.#batch.hold(connection);
      return this.#issue(connection, issue);
    }
    return this.#within(
      this.#connected().then((one) => this.#issue(one, issue)),
      () => true,
    );
  }

  /** The same on one server of several. */
  runOn<T>(node: RedisNode, issue: Issue<T, RedisNode>): Promise<T> {
    return this.#issue(node, issue);
  }

  /** The servers that take writes. */
  primaries(): Promise<readonly RedisNode[]> {
    return this.run((connection) => Promise.resolve(isCluster(connection) ? connection.nodes("master") : [connection]));
  }

  /** Another connection to (one of) the same servers, not yet connected; whoever gets it closes it. */
  async subscriber(): Promise<RedisNode> {
    const nodes = await this.primaries();
    const node = nodes[Math.floor(Math.random() * nodes.length)];
    if (node === undefined) throw this.#unavailable("knows no server");
    return createSubscriber(node, this.#settings);
  }

  /** Asks every primary who it is. One that has changed, or is none, ends the generation. */
  async verify(): Promise<void> {
    const issued = this.#generation;
    const nodes = await this.primaries();
    const checks = nodes.map(async (node) => {
      const change = this.#lineage.note(node, await this.runOn(node, (one) => Lineage.ask(one)));
      if (change === undefined || issued !== this.#generation) return;
      if (change === "replica") this.#leaveReplica();
      else this.#endGeneration("the server continues other data than before");
    });
    await Promise.all(checks);
  }

  /** Ends the connection, unless it is the user's. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners.clear();
    this.#endGeneration("closed");
    // Not found: there is nothing to close.
    const connection = await this.#created.catch(() => undefined);
    this.#unwatch?.();
    if (this.#settings.target.kind !== "client") connection?.disconnect();
  }

  async #create(): Promise<RedisClientLike> {
    const connection = await createClient(this.#settings);
    this.#connection = connection;
    this.#unwatch = watchConnection(connection, {
      onGeneration: (reason) => this.#endGeneration(reason),
      onError: (error) => void (this.#lastError = error),
    });
    return connection;
  }

  async #connect(): Promise<void> {
    const connection = await this.#created;
    if (this.#isClosed) return;
    if (connection.status === "wait") await connection.connect();
    else if (connection.status !== "ready") await untilReady(connection);
  }

  async #connected(): Promise<RedisClientLike> {
    if (!this.#isTried && !this.#isClosed) await this.#firstAttempt;
    if (this.#isClosed) throw new CacheError("closed", `${this.#settings.name} has been closed`);
    const connection = this.#connection;
    if (connection?.status !== "ready") throw this.#unavailable("is not connected", this.#lastError);
    return connection;
  }

  #issue<T, C>(connection: C, issue: Issue<T, C>): Promise<T> {
    const generation = this.#generation;
    const isCurrent = (): boolean => generation === this.#generation;
    return this.#within(issue(connection, isCurrent), isCurrent);
  }

  #within<T>(answer: Promise<T>, isCurrent: () => boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const expire = (): void => reject(this.#unavailable(`did not answer within ${this.#settings.timeoutMs} ms`));
      // Timers come before the network in a turn of the event loop: after a pause the answer may lie there already.
      const waiting = this.#deadlines.add(() => setImmediate(expire));
      answer.then(
        (value) => {
          this.#deadlines.end(waiting);
          if (isCurrent()) resolve(value);
          else reject(this.#unavailable("changed its connection while it answered"));
        },
        (error: unknown) => {
          this.#deadlines.end(waiting);
          if (isRefusedAsReplica(error)) this.#leaveReplica();
          reject(error instanceof CacheError ? error : this.#unavailable("failed", error));
        },
      );
    });
  }

  /** A replica refuses writes and may be behind. Of a connection of our own another one may lead to the primary. */
  #leaveReplica(): void {
    this.#endGeneration("the server is a replica");
    const connection = this.#connection;
    const isOurs = this.#settings.target.kind !== "client";
    if (isOurs && connection?.status === "ready" && !isCluster(connection)) connection.disconnect(true);
  }

  #endGeneration(reason: string): void {
    this.#generation++;
    this.#lineage.forget();
    for (const listener of this.#listeners) listener(reason);
  }

  #unavailable(what: string, cause?: unknown): CacheError {
    return new CacheError("unavailable", `${this.#settings.name} ${what}`, cause === undefined ? {} : { cause });
  }
}
