// A peer as its test sees it: another process, or thread, with a cache on a file; to be asked, paused and killed.

import { fork, type ChildProcess } from "node:child_process";
import { Worker } from "node:worker_threads";
import type { CacheStats } from "../../src/index.ts";
import type { SqliteTierOptions } from "../../src/sqlite/index.ts";
import { waitUntil } from "../support/wait-until.ts";
import { buildPrograms } from "./programs.ts";

/** A cache, as it can be told to another process. */
export interface OpenOptions {
  readonly name: string;
  readonly sqlite: Omit<SqliteTierOptions, "database">;
  readonly ttl?: number;
  readonly staleWhileRevalidate?: number;
  /** By how much the clock of this cache is wrong. */
  readonly clockOffsetMs?: number;
}

/** Verbs that are called by name. */
export type Verb =
  "get" | "set" | "delete" | "invalidateTags" | "clear" | "clearNamespace" | "stats" | "health" | "ttl";

/** What a peer is asked. */
export type Question =
  | { readonly what: "open"; readonly options: OpenOptions }
  | { readonly what: "call"; readonly verb: Verb; readonly args: readonly unknown[] }
  /** `get` with a refresh that asks the test, by so many callers at once. */
  | { readonly what: "load"; readonly key: string; readonly callers: number; readonly tags: readonly string[] }
  /** Writes until it is killed. */
  | { readonly what: "flood"; readonly keys: number }
  | { readonly what: "watch"; readonly key: string; readonly old: string }
  | { readonly what: "watched" }
  | { readonly what: "close" }
  /** Closes the cache, or not, and has nothing more to do. */
  | { readonly what: "leave"; readonly closes: boolean };

/** What `watch` has seen. */
export interface Watched {
  readonly reads: number;
  /** When a read that gave the old value began last, by the clock that processes of a machine share. */
  readonly lastOldAt: number | undefined;
  /** For how many ms the event loop has stood still meanwhile, at a time: who cannot hear cannot know either. */
  readonly pauseMs: number;
}

/** To a peer. */
export type ToPeer =
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "loaded"; readonly id: number; readonly value: string };

/** From a peer. */
export type FromPeer =
  | { readonly kind: "ready" }
  | { readonly kind: "flooding" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown; readonly error: string | undefined }
  | { readonly kind: "load"; readonly id: number; readonly key: string };

/** Where values come from. */
export type Source = (key: string, by: string) => string | Promise<string>;

const ANSWER_MS = 15_000;

/** Another process or thread. */
export class Peer {
  readonly name: string;
  readonly #other: ChildProcess | Worker;
  readonly #source: Source;
  readonly #answers = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  readonly #ended: Promise<unknown>;
  #lastId = 0;
  /** Whether it is writing, and has written some rounds. */
  isFlooding = false;

  static async start(name: string, source: Source, as: "process" | "thread" = "process"): Promise<Peer> {
    const file = (await buildPrograms()).fileOf("peer");
    const other =
      as === "thread" ? new Worker(file) : fork(file, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const peer = new Peer(name, other, source);
    await new Promise<void>((resolve, reject) => {
      other.once("message", () => resolve());
      other.once("exit", () => reject(new Error(`peer ${name} ended at once`)));
    });
    return peer;
  }

  private constructor(name: string, other: ChildProcess | Worker, source: Source) {
    this.name = name;
    this.#other = other;
    this.#source = source;
    other.on("message", (message: FromPeer) => this.#hear(message));
    this.#ended = new Promise((resolve) => {
      other.once("exit", (code: number | null, signal?: string) => {
        for (const { reject } of this.#answers.values()) reject(new Error(`peer ${name} ended`));
        this.#answers.clear();
        resolve(signal ?? code);
      });
    });
  }

  async ask(question: Question): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    this.#tell({ kind: "ask", id, question });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name} has not answered "${question.what}"`)), ANSWER_MS);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  /** Opens its cache. Resolves when its bus is live. */
  async open(options: OpenOptions): Promise<this> {
    await this.ask({ what: "open", options });
    await waitUntil(async () => busLive((await this.call("stats")) as CacheStats), { what: "its bus is live" });
    return this;
  }

  call(verb: Verb, ...args: readonly unknown[]): Promise<unknown> {
    return this.ask({ what: "call", verb, args });
  }

  async load(key: string, callers = 1, tags: readonly string[] = []): Promise<readonly string[]> {
    return (await this.ask({ what: "load", key, callers, tags })) as readonly string[];
  }

  /** What it has seen since it was told to watch. */
  async watched(): Promise<Watched> {
    return (await this.ask({ what: "watched" })) as Watched;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (!(this.#other instanceof Worker)) this.#other.kill(signal);
  }

  /** `kill -9`. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#other instanceof Worker) await this.#other.terminate();
    else this.#other.kill("SIGKILL");
    await this.#ended;
  }

  /** Resolves with how it ended, by itself. */
  async ended(): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, 5_000, "it has not ended");
    });
    return Promise.race([this.#ended, late]).finally(() => clearTimeout(timer));
  }

  #hear(message: FromPeer): void {
    if (message.kind === "flooding") this.isFlooding = true;
    else if (message.kind === "load") {
      const { id, key } = message;
      void Promise.resolve(this.#source(key, this.name)).then((value) => this.#tell({ kind: "loaded", id, value }));
    } else if (message.kind === "answer") {
      const waiting = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.answer);
      else waiting?.reject(new Error(`${this.name}: ${message.error}`));
    }
  }

  #tell(message: ToPeer): void {
    if (this.#other instanceof Worker) this.#other.postMessage(message, []);
    else if (this.#other.connected) this.#other.send(message, () => undefined);
  }
}

/** Whether the bus is live, by the statistics. */
function busLive({ bus }: CacheStats): boolean {
  return bus?.live === true;
}

/** Now, by a clock that all processes of the machine read alike. */
export function sharedInstant(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
