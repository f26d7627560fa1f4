// What the tests of this folder start from: an origin, real processes, and what these share.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { Origin } from "../../support/http-origin.ts";
import type { RedisServer } from "../../support/redis/redis-server.ts";
import { startRedis } from "../../support/redis/server.ts";
import { Peer, type PeerSite } from "./peer.ts";
import type { RouteOptions, SiteOptions } from "./protocol.ts";

/** The tier that a fleet shares. */
export type Kind = "sqlite" | "redis";

/** All there are, for `describe.each`. */
export const KINDS: readonly Kind[] = ["sqlite", "redis"];

/** How to open a site, where the fleet does not know by itself. */
export interface OpenOptions extends Partial<Omit<SiteOptions, "route">> {
  /** Options of the cached handler. Default: it has none. */
  readonly route?: RouteOptions;
}

const LIMIT_MS = 60_000;

/** Two processes, which all tests of a file share, and others for a test of their own. */
export class Fleet {
  origin = new Origin();
  readonly #way: "handler" | "fetch";
  #folder = "";
  #tests = 0;
  #redis: RedisServer | undefined;
  readonly #common: Peer[] = [];
  readonly #undos: (() => unknown)[] = [];

  /** @param way what the sites are: a cached handler, or a cached fetch */
  constructor(way: "handler" | "fetch", kinds: readonly Kind[] = KINDS, common = 2) {
    this.#way = way;
    // Processes are started, on a machine that may be busy.
    vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });
    beforeAll(async () => {
      this.#folder = mkdtempSync(join(tmpdir(), "freshtier-fleet-"));
      if (kinds.includes("redis")) this.#redis = await startRedis();
      this.#common.push(...(await Promise.all(Array.from({ length: common }, () => Peer.start()))));
    });
    beforeEach(async () => {
      this.#tests++;
      this.origin = new Origin();
      await this.origin.start();
    });
    afterEach(async () => {
      for (const undo of this.#undos.splice(0).toReversed()) await undo();
      this.origin.stop();
    });
    afterAll(async () => {
      await Promise.all(this.#common.map((peer) => peer.kill()));
      await this.#redis?.stop();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  atEnd(undo: () => unknown): void {
    this.#undos.push(undo);
  }

  /** A server of this test alone, to be hurt. */
  async server(): Promise<RedisServer> {
    const server = await startRedis();
    this.atEnd(() => server.stop());
    return server;
  }

  /** A process of this test alone, to be hurt. */
  async peer(): Promise<Peer> {
    const peer = await Peer.start();
    this.atEnd(() => peer.kill());
    return peer;
  }

  /** A site in this process of the fleet. */
  open(peer: Peer, kind: Kind, { route = {}, ...options }: OpenOptions = {}): Promise<PeerSite> {
    const place = kind === "redis" ? (this.#redis?.port ?? 0) : join(this.#folder, `${this.#tests}.db`);
    const own = { name: `site${this.#tests}`, origin: this.origin.url, place };
    return peer.open({ ...own, ...options, ...(this.#way === "handler" && { route }) });
  }

  /** The same site in both common processes. */
  async pair(
    kind: Kind,
    options: OpenOptions = {},
    theirs: OpenOptions = options,
  ): Promise<readonly [PeerSite, PeerSite]> {
    const [one, two] = this.#common as [Peer, Peer];
    const pair = await Promise.all([this.open(one, kind, options), this.open(two, kind, theirs)]);
    this.atEnd(() => Promise.all(pair.map((site) => site.close())));
    return pair;
  }
}
