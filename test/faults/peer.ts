// A peer as its test sees it: another process with caches, to be asked, paused and killed.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { CacheEvent, CacheHealth, CloseOptions, CacheStats, MutationResult } from "../../src/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { OpenOptions } from "./open.ts";
import type { FromPeer, Loaded, Question, ToPeer, Verb, Watched } from "./protocol.ts";
import type { Source } from "./source.ts";

const ANSWER_MS = 15_000;
const END_MS = 3_000;

/** Another process. */
export class Peer {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #source: () => Source;
  readonly #answers = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  readonly #exited: Promise<number | NodeJS.Signals | null>;
  #lastId = 0;

  /** Starts one; resolves when it can be asked. */
  static async start(name: string, file: string, source: () => Source): Promise<Peer> {
    const child = fork(file, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const peer = new Peer(name, child, source);
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", () => reject(new Error(`peer ${name} ended at once`)));
    });
    return peer;
  }

  private constructor(name: string, child: ChildProcess, source: () => Source) {
    this.name = name;
    this.#child = child;
    this.#source = source;
    child.on("message", (message: FromPeer) => this.#hear(message));
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        for (const { reject } of this.#answers.values()) reject(new Error(`peer ${name} ended with ${signal ?? code}`));
        this.#answers.clear();
        resolve(signal ?? code);
      });
    });
  }

  /** Opens a cache there, under this name or that of its options. */
  async open(options: OpenOptions, cache = options.name): Promise<PeerCache> {
    await this.ask({ what: "open", cache, options });
    return new PeerCache(this, cache);
  }

  /** Rejects when the answer takes too long, or the process ends. */
  async ask(question: Question): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    this.#tell({ kind: "ask", id, question });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name} has not answered "${question.what}"`)), ANSWER_MS);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops it for a while, as a suspended machine would be. */
  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** `kill -9`. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Ends it in whatever state it is, when the test is over. */
  async end(): Promise<void> {
    this.resume();
    this.#tell({ kind: "end" });
    const canHear = this.#child.connected;
    if (!canHear || (await this.endedWithin(END_MS)) === undefined) await this.kill();
  }

  /** Resolves with how it ended, by itself; `undefined` when it has not within that time. */
  async endedWithin(ms: number): Promise<number | NodeJS.Signals | null | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, ms, undefined);
    });
    const end = await Promise.race([this.#exited, late]);
    clearTimeout(timer);
    return end;
  }

  #hear(message: FromPeer): void {
    if (message.kind === "load") {
      const { id, key } = message;
      void this.#source()
        .load(key, this.name)
        .then((value) => this.#tell({ kind: "loaded", id, value }));
    } else if (message.kind === "answer") {
      const waiting = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.answer);
      else waiting?.reject(new Error(`${this.name}: ${message.error}`));
    }
  }

  #tell(message: ToPeer): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }
}

/** A cache of a peer. */
export class PeerCache {
  readonly peer: Peer;
  readonly #cache: string;

  constructor(peer: Peer, cache: string) {
    this.peer = peer;
    this.#cache = cache;
  }

  call(verb: Verb, ...args: readonly unknown[]): Promise<unknown> {
    return this.peer.ask({ what: "call", cache: this.#cache, verb, args });
  }

  /** `get` without a refresh. */
  get(key: string): Promise<unknown> {
    return this.call("get", key);
  }

  async set(key: string, value: string, options: object = {}): Promise<MutationResult> {
    return (await this.call("set", key, value, options)) as MutationResult;
  }

  async delete(key: string): Promise<MutationResult> {
    return (await this.call("delete", key)) as MutationResult;
  }

  /** `get` with a refresh from the source, by so many callers at once. */
  async loadMany(key: string, callers: number): Promise<Loaded> {
    return (await this.peer.ask({ what: "load", cache: this.#cache, key, callers })) as Loaded;
  }

  async load(key: string): Promise<string> {
    const { values } = await this.loadMany(key, 1);
    return values[0]!;
  }

  async stats(): Promise<CacheStats> {
    return (await this.call("stats")) as CacheStats;
  }

  async health(): Promise<CacheHealth> {
    return (await this.call("health")) as CacheHealth;
  }

  /** Reads a key all the time from now on, until {@link watched}. */
  async watch(key: string, old: string): Promise<void> {
    await this.peer.ask({ what: "watch", cache: this.#cache, key, old });
  }

  async watched(): Promise<Watched> {
    return (await this.peer.ask({ what: "watched", cache: this.#cache })) as Watched;
  }

  async events(): Promise<readonly CacheEvent[]> {
    return (await this.peer.ask({ what: "events", cache: this.#cache })) as readonly CacheEvent[];
  }

  /** Closes it, or not without options, after which nothing should keep the process alive. */
  async leave(close?: CloseOptions): Promise<void> {
    await this.peer.ask({ what: "leave", cache: this.#cache, close });
  }

  /** Waits until its bus is live. */
  async live(): Promise<this> {
    await waitUntil(async () => busLive(await this.stats()), { what: `the bus of ${this.peer.name} is live` });
    return this;
  }
}

/** Whether the bus is live, by the statistics. */
export function busLive({ bus }: CacheStats): boolean {
  return bus?.live === true;
}
