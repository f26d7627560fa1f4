// The process that harms the file of a run, as the run sees it.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { FromVandal, ToVandal, VandalTask } from "./vandal-protocol.ts";

/** Another program of the host. */
export class Vandal {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #lastId = 0;

  /** Starts it. @param file its program */
  static async start(file: string, path: string): Promise<Vandal> {
    const vandal = new Vandal(file, path);
    await vandal.#answer(0);
    return vandal;
  }

  private constructor(file: string, path: string) {
    this.#child = fork(file, [path], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", ({ id, error }: FromVandal) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve();
      else waiting?.reject(new Error(error));
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", () => {
        for (const { reject } of this.#waiting.values()) reject(new Error("the vandal has ended"));
        resolve(undefined);
      });
    });
  }

  /** Resolves when it has been done. */
  async do(task: VandalTask): Promise<void> {
    const id = ++this.#lastId;
    const answer = this.#answer(id);
    this.#child.send({ id, task } satisfies ToVandal, () => undefined);
    await answer;
  }

  /** Ends it, by itself. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }

  #answer(id: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }
}
