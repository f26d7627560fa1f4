// The Keyv tier between real processes: entries are shared, and what one ends the other sees with its next read.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { DONE, never, openOn } from "./caches.ts";
import type { Question } from "./peer-program.ts";
import { atEnd, newFile, sqliteStore, undoAfterEach } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

const PROGRAM = fileURLToPath(new URL("peer-program.ts", import.meta.url));

/** A process of its own. */
class Peer {
  readonly #child: ChildProcess;
  #lastId = 0;

  static async start(file: string): Promise<Peer> {
    const child = fork(PROGRAM, [file], {
      execArgv: ["--import", "tsx"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    atEnd(() => child.kill("SIGKILL"));
    await once(child, "message");
    return new Peer(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Calls a verb there. One after the other: answers come in order. */
  async ask(question: Omit<Question, "id">): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = once(this.#child, "message");
    this.#child.send({ ...question, id });
    const [message] = (await answer) as [{ readonly id: number; readonly answer?: unknown }];
    if (message.id !== id) throw new Error(`the answer is to question ${message.id}, not ${id}`);
    return message.answer;
  }

  /** Lets it close its cache; resolves to its exit code. */
  async leave(): Promise<unknown> {
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    return (await exit)[0] as unknown;
  }
}

test("share entries, and see each other's invalidations with the next read", async () => {
  const file = newFile();
  const peer = await Peer.start(file);
  const here = openOn(sqliteStore(file));
  const ask = (verb: Question["verb"], ...args: unknown[]): Promise<unknown> => peer.ask({ verb, args });
  expect(await ask("set", "k", { price: 5 })).toEqual(DONE);
  expect(await here.get("k", never)).toEqual({ price: 5 });
  expect(await here.set("k", "newer")).toEqual(DONE);
  expect(await ask("get", "k")).toBe("newer");
  expect(await ask("delete", "k")).toEqual({ ...DONE, existed: true });
  expect(await here.get("k")).toBeUndefined();
  expect(await peer.ask({ verb: "get", args: ["k"], refresh: "loaded there" })).toBe("loaded there");
  expect(await here.get("k", never)).toBe("loaded there");
  await here.setMany({ x: 1, y: 2 }, { namespace: "n", tags: ["t"] });
  expect(await ask("getMany", ["x", "y"], { namespace: "n" })).toEqual([1, 2]);
  expect(await ask("clearNamespace", "n")).toEqual(DONE);
  expect([await here.getMany(["x", "y"], { namespace: "n" }), await here.get("k")]).toEqual([
    [undefined, undefined],
    "loaded there",
  ]);
  await here.clear();
  expect(await ask("get", "k")).toBeUndefined();
  expect(await peer.leave()).toBe(0);
});
