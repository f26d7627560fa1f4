// What the tests of this folder start from: an origin, real processes, and what these share.

import { afterAll, beforeAll, vi } from "vitest";
import type { Origin } from "../../support/http-origin.ts";
import { Stage } from "../../support/http-stage.ts";
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
  readonly #way: "handler" | "fetch";
  readonly #stage: Stage;
  readonly #common: Peer[] = [];

  /** @param way what the sites are: a cached handler, or a cached fetch */
  constructor(way: "handler" | "fetch", kinds: readonly Kind[] = KINDS, common = 2) {
    // Processes are started, on a machine that may be busy.
    vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });
    this.#way = way;
    this.#stage = new Stage(kinds);
    beforeAll(async () => {
      this.#common.push(...(await Promise.all(Array.from({ length: common }, () => Peer.start()))));
    });
    afterAll(() => Promise.all(this.#common.map((peer) => peer.kill())));
  }

  get origin(): Origin {
    return this.#stage.origin;
  }

  atEnd(undo: () => unknown): void {
    this.#stage.atEnd(undo);
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
    const place = kind === "redis" ? this.#stage.redis.port : this.#stage.file;
    const own = { name: this.#stage.name, origin: this.origin.url, place };
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
