// A storage adapter on a Map whose calls a test makes fail, hang or answer nonsense.

import { EventEmitter } from "node:events";
import { deferred } from "../support/deferred.ts";
import { waitUntil } from "../support/wait-until.ts";

/** Calls of a store. */
export type Method = "get" | "set" | "delete" | "getMany";

/** What becomes of a call. */
export type Fault =
  /** It throws before it has a promise to give. */
  | "throw"
  | "reject"
  /** It emits an error and answers as if there were nothing, as many adapters do. */
  | "emit"
  /** It never answers, and does nothing. */
  | "hang"
  | { readonly answer: unknown };

/** Calls that were caught on their way: nothing is done before they are released. */
export interface Hold {
  /** Resolves when there are so many. */
  caught(count?: number): Promise<void>;
  /** Lets them be done, and all later ones. Resolves when they are. */
  release(): Promise<void>;
}

/** An emitter of Node.js, so that an `error` nobody listens to ends the process. */
export class FaultyStore extends EventEmitter {
  readonly map: Map<string, unknown> = new Map();
  readonly opts = {};
  disconnects = 0;
  /** Calls that came here, with their keys. */
  readonly calls: string[] = [];
  readonly #faults = new Map<Method, Fault>();
  readonly #gates = new Map<Method, { readonly wait: Promise<unknown>; caught: number; done: Promise<unknown>[] }>();

  /** Makes a kind of call fail from now on. */
  break(method: Method, fault: Fault): void {
    this.#faults.set(method, fault);
  }

  /** Ends all faults. */
  heal(): void {
    this.#faults.clear();
  }

  /** Catches calls of a kind. */
  hold(method: Method): Hold {
    const gate = deferred();
    const held = { wait: gate.promise, caught: 0, done: [] as Promise<unknown>[] };
    this.#gates.set(method, held);
    return {
      caught: async (count = 1) => void (await waitUntil(() => held.caught >= count, { what: `${method} is called` })),
      release: async () => {
        this.#gates.delete(method);
        gate.resolve(undefined);
        await Promise.all(held.done);
      },
    };
  }

  get(key: string): Promise<unknown> {
    return this.#call("get", key, () => this.map.get(key));
  }

  set(key: string, value: unknown): Promise<unknown> {
    return this.#call("set", key, () => void this.map.set(key, value));
  }

  delete(key: string): Promise<unknown> {
    return this.#call("delete", key, () => this.map.delete(key));
  }

  clear(): void {
    this.map.clear();
  }

  disconnect(): Promise<void> {
    this.disconnects++;
    return Promise.resolve();
  }

  /** What it holds of entries, or of epochs. */
  keysOf(kind: "entries" | "epochs"): string[] {
    return [...this.map.keys()].filter((key) => key.includes(":v:{") === (kind === "entries"));
  }

  #call(method: Method, key: string, work: () => unknown): Promise<unknown> {
    this.calls.push(`${method} ${key}`);
    const fault = this.#faults.get(method);
    const failure = new Error(`the store cannot ${method}`);
    if (fault === "throw") throw failure;
    if (fault === "reject") return Promise.reject(failure);
    if (fault === "hang") return new Promise(() => undefined);
    if (typeof fault === "object") return Promise.resolve(fault.answer);
    if (fault === "emit") {
      this.emit("error", failure);
      return Promise.resolve(undefined);
    }
    const gate = this.#gates.get(method);
    if (gate === undefined) return Promise.resolve(work());
    gate.caught++;
    const done = gate.wait.then(work);
    gate.done.push(done);
    return done;
  }
}
