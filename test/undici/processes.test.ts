// Real processes share one HTTP cache: one fetches, the others have it; one changes, no other serves the old.

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import type { Errand } from "./peer-program.ts";
import { eventually, World, type Kind } from "./world.ts";

forbidUnhandledRejections();
const KINDS: readonly Kind[] = ["sqlite", "redis"];
const world = new World(KINDS);

const PROGRAM = fileURLToPath(new URL("peer-program.ts", import.meta.url));

/** A process of its own. */
class Peer {
  readonly #child: ChildProcess;
  #lastId = 0;

  static async start(name: string, place: string): Promise<Peer> {
    const execArgv = ["--import", "tsx", "--disable-warning=ExperimentalWarning"];
    const child = fork(PROGRAM, [name, place], { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    world.atEnd(() => child.kill("SIGKILL"));
    await once(child, "message");
    return new Peer(child);
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** The body that it gets. One after the other: answers come in order. */
  async text(path: string, method = "GET"): Promise<string> {
    const id = ++this.#lastId;
    const answer = once(this.#child, "message");
    this.#child.send({ id, url: world.origin.url + path, method } satisfies Errand);
    const [message] = (await answer) as [{ readonly id: number; readonly answer: string }];
    if (message.id !== id) throw new Error(`the answer is to errand ${message.id}, not ${id}`);
    return message.answer;
  }

  /** Lets it close everything; resolves to its exit code. */
  async leave(): Promise<unknown> {
    const exit = once(this.#child, "exit");
    this.#child.disconnect();
    return (await exit)[0] as unknown;
  }
}

/** Two processes are started, on a machine that may be busy. */
const LIMIT_MS = 60_000;

describe.each(KINDS)("processes that share %s", (kind) => {
  test(
    "share responses and their end, and exit when they are done",
    async () => {
      const place = kind === "redis" ? String(world.redis.port) : world.file;
      const peers = await Promise.all([Peer.start(kind, place), Peer.start(kind, place)]);
      let version = 1;
      world.origin.handle = ({ method }, response) => {
        if (method === "PUT") version++;
        response.writeHead(200, { "cache-control": "max-age=60" }).end(`version ${version}`);
      };
      const [one, two] = peers;
      expect([await one.text("/"), await two.text("/"), await one.text("/")]).toEqual(Array(3).fill("version 1"));
      expect(world.origin.asked).toEqual(["GET /"]);
      expect(await two.text("/", "PUT")).toBe("version 2");
      expect(await two.text("/")).toBe("version 2");
      await eventually(() => one.text("/"), "version 2");
      expect(world.origin.asked.filter((request) => request === "GET /").length).toBeLessThanOrEqual(3);
      expect(await Promise.all(peers.map((peer) => peer.leave()))).toEqual([0, 0]);
    },
    LIMIT_MS,
  );
});
