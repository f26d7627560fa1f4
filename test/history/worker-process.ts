// A worker as the coordinator sees it: one place, in which one process follows another.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { assertNever } from "../../src/errors.ts";
import type { Database } from "./database.ts";
import type { Entry, Instant } from "./entries.ts";
import { KEYS } from "./population.ts";
import { instant } from "./protocol.ts";
import type { FromWorker, Question, Row, ToWorker, WorkerConfig } from "./protocol.ts";

const ANSWER_MS = 20_000;
const END_MS = 3_000;

/** What workers share. */
export interface WorkerSetting {
  readonly workerFile: string;
  readonly database: Database;
  readonly log: (entry: Entry) => void;
  /** Names of all processes by number. Grows. */
  readonly names: string[];
  /** A process ended although nobody killed it. */
  readonly onCrash: (problem: string) => void;
  /** All but the number and the seed of the process. */
  readonly configOf: (worker: number) => Omit<WorkerConfig, "processIndex" | "seed">;
  readonly seed: number;
}

/** One place for worker processes. */
export class WorkerProcess {
  readonly #setting: WorkerSetting;
  readonly #worker: number;
  readonly #answers = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #isKilled = false;
  #starts = 0;
  #lastId = 0;
  #name = "";

  constructor(worker: number, setting: WorkerSetting) {
    this.#worker = worker;
    this.#setting = setting;
  }

  /** Of the present process, such as `w1.2`: the second in place 1. */
  get name(): string {
    return this.#name;
  }

  /** Starts a process; resolves when it works. */
  async start(): Promise<void> {
    const { workerFile, configOf, names, seed, log } = this.#setting;
    this.#name = `w${this.#worker}.${++this.#starts}`;
    const name = this.#name;
    const processIndex = names.push(name) - 1;
    const child = fork(workerFile, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    this.#isKilled = false;
    log({ kind: "began", process: name, at: instant() });
    this.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        log({ kind: "ended", process: name, at: instant() });
        const reason = `process ${name} ended with ${signal ?? code}`;
        if (!this.#isKilled) this.#setting.onCrash(reason);
        for (const { reject } of this.#answers.values()) reject(new Error(reason));
        this.#answers.clear();
        resolve();
      });
    });
    const ready = new Promise<void>((resolve) => {
      child.on("message", (message: FromWorker) => {
        if (message.kind === "ready") resolve();
        else this.#hear(child, name, message);
      });
    });
    this.#send({
      kind: "config",
      config: { ...configOf(this.#worker), processIndex, seed: seed * 1_009 + processIndex },
    });
    await Promise.race([ready, this.#exited]);
  }

  /** `kill -9`. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** Ends it in whatever state it is, when the run is over: by itself, so that Node writes its coverage. */
  async end(): Promise<void> {
    this.#isKilled = true;
    const child = this.#child;
    child?.kill("SIGCONT");
    if (child?.connected === true) child.disconnect();
    const timer = setTimeout(() => child?.kill("SIGKILL"), END_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** `SIGSTOP` or `SIGCONT`. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Rejects when the answer takes too long, or the process ends. */
  ask(question: Question): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.#name} has not answered "${question.what}" within ${ANSWER_MS} ms`));
      }, ANSWER_MS);
      this.#answers.set(id, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#send({ kind: "ask", id, question });
    });
  }

  /** Reads every key. The entries are not logged. */
  async readAll(from: "all" | "peek" | "shared"): Promise<readonly Entry[]> {
    const rows = (await this.ask({ what: "read all", from })) as readonly Row[];
    return rows.map((row) => toEntry(row, this.#name, this.#setting.names));
  }

  #send(message: ToWorker): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #hear(child: ChildProcess, name: string, message: Exclude<FromWorker, { kind: "ready" }>): void {
    const { database, log, names } = this.#setting;
    if (message.kind === "database") {
      const answers = database.answer(name, message.requests);
      if (child.connected) child.send({ kind: "database", answers } satisfies ToWorker, () => undefined);
    } else if (message.kind === "rows") {
      for (const row of message.rows) log(toEntry(row, name, names));
    } else {
      const waiting = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      if (message.error === undefined) waiting?.resolve(message.answer);
      else waiting?.reject(new Error(`${name}: ${message.error}`));
    }
  }
}

function toEntry(row: Row, process: string, names: readonly string[]): Entry {
  switch (row[0]) {
    case "read": {
      const [kind, index, start, end, seen] = row;
      const { name: key, lifeMs } = KEYS[index]!;
      return { kind, process, key, start, end, lifeMs, value: seen === null ? undefined : valueOf(seen, names) };
    }
    case "failed": {
      const [, index, start, end, message] = row;
      return { kind: "failed read", process, key: KEYS[index]!.name, start, end, message };
    }
    case "invalidation": {
      const [kind, id, verb, start, end, outcome, isSoft, keys, versions] = row;
      const covers = keys.map((key, at) => [KEYS[key]!.name, versions[at]!] as const);
      return { kind, process, id, verb, start, end, outcome, isSoft, covers };
    }
    case "pause": {
      const [kind, from, to] = row;
      return { kind, process, from, to };
    }
    default:
      return assertNever(row);
  }
}

function valueOf(
  [key, version, setBy, loadedAt, madeBy]: readonly [number, number, number, Instant, number],
  names: readonly string[],
) {
  return { key: KEYS[key]?.name ?? `key ${key}`, version, setBy, loadedAt, madeBy: names[madeBy] ?? "nobody" };
}
