// What tests of HTTP between processes start from: an origin and names for each test, a folder and a Redis for the file.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { Origin } from "./http-origin.ts";
import type { RedisServer } from "./redis/redis-server.ts";
import { startRedis } from "./redis/server.ts";

/** Set up by the hooks of the file that makes it. */
export class Stage {
  #origin = new Origin();
  #redis: RedisServer | undefined;
  #folder = "";
  #tests = 0;
  readonly #undos: (() => unknown)[] = [];

  /** @param kinds the tiers of the tests: with `"redis"` among them there is one */
  constructor(kinds: readonly string[]) {
    beforeAll(async () => {
      this.#folder = mkdtempSync(join(tmpdir(), "freshtier-http-"));
      if (kinds.includes("redis")) this.#redis = await startRedis();
    });
    beforeEach(async () => {
      this.#tests++;
      this.#origin = new Origin();
      await this.#origin.start();
    });
    afterEach(async () => {
      for (const undo of this.#undos.splice(0).toReversed()) await undo();
      this.#origin.stop();
    });
    afterAll(async () => {
      await this.#redis?.stop();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  /** Of this test. */
  get origin(): Origin {
    return this.#origin;
  }

  get redis(): RedisServer {
    if (this.#redis === undefined) throw new Error("there is no Redis in this file");
    return this.#redis;
  }

  /** The name of a cache of this test. */
  get name(): string {
    return `http${this.#tests}`;
  }

  /** Where caches of this test that share a file share it. */
  get file(): string {
    return join(this.#folder, `${this.#tests}.db`);
  }

  /** When the test is over, the last first. */
  atEnd(undo: () => unknown): void {
    this.#undos.push(undo);
  }
}
