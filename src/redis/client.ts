// One cache's use of the connection it shares: commands within their deadline, whose replies cross no generation.

import type { Clock } from "../contracts/clock.ts";
import { CacheError } from "../errors.ts";
import { createListener, type ListenerProtocol } from "./connect.ts";
import { isCluster, type Issue, type RedisEndpoint, type RedisNode } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { Lineage } from "./lineage.ts";
import type { GenerationListener, RedisLink } from "./link.ts";
import { isRefusal, isRefusedAsReplica } from "./reply-error.ts";

/**
 * Neither commands nor replies cross a generation: a reply to a command of an earlier one is an error, because between
 * the two an invalidation may have been lost.
 */
export class RedisClient {
  readonly #link: RedisLink;
  readonly #name: string;
  readonly #timeoutMs: number;
  readonly #deadlines: Deadlines;
  readonly #stops: (() => void)[] = [];
  #isClosed = false;

  constructor(link: RedisLink, clock: Clock) {
    this.#link = link;
    this.#name = link.settings.name;
    this.#timeoutMs = link.settings.timeoutMs;
    // Timers come before the network in a turn of the event loop: after a pause the answer may lie there already.
    this.#deadlines = new Deadlines(clock, this.#timeoutMs, (reject) => setImmediate(() => reject(this.#late())));
  }

  /** Counts up. */
  get generation(): number {
    return this.#link.generation;
  }

  /** Whether commands can be sent now. */
  get isConnected(): boolean {
    return this.#link.ready !== undefined;
  }

  /** Whether keys are spread over several servers. */
  get isCluster(): boolean {
    const { connection } = this.#link;
    return connection !== undefined && isCluster(connection);
  }

  /** Hears of every change of generation until this is closed; returns what ends that earlier. */
  onGeneration(listener: GenerationListener): () => void {
    const stop = this.#link.onGeneration(listener);
    this.#stops.push(stop);
    return stop;
  }

  /** The same, and is told before anybody who could send a command of the new generation. */
  onReconnect(listener: GenerationListener): void {
    this.#stops.push(this.#link.onReconnect(listener));
  }

  /** Whether an answer to a command of that generation may be believed. */
  isCurrent(generation: number): boolean {
    return this.#link.isCurrent(generation);
  }

  /**
   * Runs a command within the timeout. Without a connection it fails at once, except that the first connection is
   * waited for. @throws CacheError `unavailable`, `refused`, `closed`
   */
  run<T>(issue: Issue<T>): Promise<T> {
    return this.read(issue, itself);
  }

  /** The same, and makes something of the answer, or asks for another. */
  read<A, T>(issue: Issue<A>, make: (answer: A) => T | Promise<T>): Promise<T> {
    const connection = this.#link.ready;
    if (connection !== undefined && !this.#isClosed) {
      this.#link.batch.hold(connection);
      return this.#issue(connection, issue, make);
    }
    return this.#within(
      this.#connected().then((one) => this.#issue(one, issue, make)),
      undefined,
      itself,
    );
  }

  /** The same on one server of several. */
  runOn<T>(node: RedisNode, issue: Issue<T, RedisNode>): Promise<T> {
    return this.#issue(node, issue, itself);
  }

  /** The servers that take writes. */
  primaries(): Promise<readonly RedisNode[]> {
    return this.run((connection) => Promise.resolve(isCluster(connection) ? connection.nodes("master") : [connection]));
  }

  /** Another connection to one of the primaries, not yet connected; whoever gets it closes it. */
  async listener(): Promise<RedisNode> {
    const nodes = await this.primaries();
    const node = nodes[Math.floor(Math.random() * nodes.length)];
    if (node === undefined) throw this.#unavailable("knows no server");
    return createListener(node, this.#link.settings);
  }

  /** The same to each of the primaries. */
  async listeners(protocol: ListenerProtocol): Promise<readonly RedisNode[]> {
    const nodes = await this.primaries();
    if (nodes.length === 0) throw this.#unavailable("knows no server");
    return nodes.map((node) => createListener(node, this.#link.settings, protocol));
  }

  /** Asks every primary who it is. One that has changed, or is none, ends the generation. */
  async verify(): Promise<void> {
    const issued = this.#link.generation;
    const nodes = await this.primaries();
    const checks = nodes.map(async (node) =>
      this.#link.noteDescent(node, await this.runOn(node, (one) => Lineage.ask(one)), issued),
    );
    await Promise.all(checks);
  }

  /** Refuses commands from now on. The connection is closed by whoever shares it out. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #connected(): Promise<RedisEndpoint> {
    if (!this.#isClosed) await this.#link.tried();
    if (this.#isClosed) throw new CacheError("closed", `${this.#name} has been closed`);
    const connection = this.#link.ready;
    if (connection === undefined) throw this.#notConnected();
    return connection;
  }

  /** With the reason, which is about the connection, and never about a key. */
  #notConnected(): CacheError {
    const { lastError } = this.#link;
    const why = lastError instanceof Error ? `: ${lastError.message}` : "";
    return this.#unavailable(`is not connected${why}`, lastError);
  }

  #issue<A, T, C>(connection: C, issue: Issue<A, C>, make: (answer: A) => T | Promise<T>): Promise<T> {
    const { generation } = this.#link;
    return this.#within(issue(connection, generation), generation, make);
  }

  /** @param generation the one in which the answer has to come; `undefined` for any */
  #within<A, T>(answer: Promise<A>, generation: number | undefined, make: (answer: A) => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = this.#deadlines.add(reject);
      answer.then(
        (value) => {
          this.#deadlines.end(waiting);
          this.#link.noteAnswer();
          if (generation === undefined || this.#link.isCurrent(generation)) resolve(make(value));
          else reject(this.#unavailable("changed its connection while it answered"));
        },
        (error: unknown) => {
          this.#deadlines.end(waiting);
          // Its refusal says nothing of the primary, which is somewhere else: that one cannot be reached.
          if (isRefusedAsReplica(error)) this.#link.leaveReplica();
          reject(this.#failure(error));
        },
      );
    });
  }

  #late(): CacheError {
    this.#link.noteSilence();
    return this.#unavailable(`did not answer within ${this.#timeoutMs} ms`);
  }

  #failure(error: unknown): CacheError {
    if (error instanceof CacheError) return error;
    if (isRefusal(error)) return new CacheError("refused", `${this.#name} refused a command`, { cause: error });
    return this.#unavailable("failed", error);
  }

  #unavailable(what: string, cause?: unknown): CacheError {
    return new CacheError("unavailable", `${this.#name} ${what}`, cause === undefined ? {} : { cause });
  }
}

function itself<T>(answer: T): T {
  return answer;
}
