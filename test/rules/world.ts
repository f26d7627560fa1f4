// What a scenario works with: one real Redis, and processes (caches of one name), each behind a proxy of its own.

import type { Redis } from "ioredis";
import type { CacheOptions, SharedTierStats, TieredCacheManager } from "../../src/index.ts";
import type { RedisTierOptions } from "../../src/redis/index.ts";
import type { FakeClock } from "../support/fake-clock.ts";
import type { ConnectionFacts, Selection } from "../support/redis/proxy-rules.ts";
import { startProxy, type Proxy } from "../support/redis/proxy.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { deferred } from "../support/deferred.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { Package } from "./bundle.ts";

/** Selects the connection that listens. */
export const LISTENING = ({ commandNames }: ConnectionFacts): boolean => commandNames.has("SUBSCRIBE");

/** How a process differs from the others. */
export interface ProcessOptions {
  readonly cache?: CacheOptions<never>;
  readonly redis?: RedisTierOptions;
  readonly clock?: FakeClock;
  /** A client of the user's own that goes through the proxy. */
  readonly connect?: (proxy: Proxy) => Redis;
  /** The server it talks to. Default: that of the world. */
  readonly server?: RedisServer;
}

/** Where the parts of one entry and its epochs are in Redis. */
export interface Places {
  entry(key: string): string;
  lease(key: string): string;
  tag(name: string): string;
}

let worlds = 0;

/** One run of a scenario. */
export class World {
  readonly pkg: Package;
  readonly redis: RedisServer;
  /** Of all its caches, and of nothing else on the server. */
  readonly name: string = `rule${++worlds}`;
  readonly places: Places;
  readonly #undos: (() => unknown)[] = [];

  constructor(pkg: Package, redis: RedisServer) {
    this.pkg = pkg;
    this.redis = redis;
    this.places = {
      entry: (key) => `${this.name}:v:{:${key}}`,
      lease: (key) => `${this.name}:l:{:${key}}`,
      tag: (name) => `${this.name}:t:{${name}}`,
    };
  }

  /** Opens a process, and resolves when it hears the others and knows the time of the server. */
  async open(options: ProcessOptions = {}): Promise<Process> {
    const { server = this.redis } = options;
    // A script that has to be sent in full first would be another command than the one a scenario waits for.
    for (const { lua } of Object.values(this.pkg.scripts)) await server.command("SCRIPT", "LOAD", lua);
    const proxy = await startProxy(server);
    const process = new Process(this.pkg, this.name, proxy, options);
    this.atEnd(() => process.close());
    await process.untilLive();
    await process.cache.get("warm");
    return process;
  }

  /** What selects commands, or replies, of a script: whatever it is about, or one name on the server. */
  script(name: keyof Package["scripts"], about = ""): { readonly command: RegExp } {
    const escaped = about.replace(/[{}]/g, String.raw`\$&`);
    const { sha, lua } = this.pkg.scripts[name];
    // The first time by its source.
    const source = lua.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    return { command: new RegExp(`^(?:evalsha ${sha}|eval ${source}) [^]*${escaped}`, "i") };
  }

  /** Keeps what is in a place now. Resolves with what puts it back: the server has lost what came after. */
  async keep(place: string): Promise<() => Promise<unknown>> {
    await this.redis.command("COPY", place, `kept:${place}`);
    return () => this.redis.command("COPY", `kept:${place}`, place, "REPLACE");
  }

  /** Has the server refuse everything that writes, until the end or what this resolves to. */
  async refuseWrites(): Promise<() => Promise<void>> {
    const undo = await this.redis.config({ "min-replicas-to-write": 1 });
    let isUndone = false;
    const once = async (): Promise<void> => {
      if (!isUndone) await undo();
      isUndone = true;
    };
    this.atEnd(once);
    return once;
  }

  /** Does this at the end, before what was asked for earlier. */
  atEnd(undo: () => unknown): void {
    this.#undos.push(undo);
  }

  async end(): Promise<void> {
    for (const undo of this.#undos.splice(0).toReversed()) await undo();
  }
}

/** A cache and its way to Redis. */
export class Process {
  readonly cache: TieredCacheManager;
  readonly proxy: Proxy;
  readonly #clock: FakeClock | undefined;
  readonly #client: Redis | undefined;
  #heard = 0;
  #timesLost = 0;
  #timesLive = 0;

  constructor(pkg: Package, name: string, proxy: Proxy, { cache, redis, clock, connect }: ProcessOptions) {
    this.proxy = proxy;
    this.#clock = clock;
    this.#client = connect?.(proxy);
    const target = this.#client === undefined ? { host: proxy.host, port: proxy.port } : { client: this.#client };
    const tier = pkg.redisTier({ ...target, timeout: 3_000, divergenceLimit: "1m", breaker: false, ...redis });
    this.cache = new pkg.TieredCacheManager({ name, tiers: [pkg.memoryTier(), tier], ttl: "10m", clock, ...cache });
    this.cache.on("invalidate", ({ remote }) => void (this.#heard += Number(remote)));
    this.cache.on("busLost", () => void this.#timesLost++);
    this.cache.on("busLive", () => void this.#timesLive++);
  }

  /** How many invalidations the authority has not got. */
  get pending(): number {
    return (this.cache.stats().tiers["redis"] as SharedTierStats).pending;
  }

  get isLive(): boolean {
    return this.cache.stats().bus?.live === true;
  }

  /** Does something elsewhere, and resolves with what comes of it once word of it has come here. */
  async hears<T>(elsewhere: () => Promise<T>): Promise<T> {
    const before = this.#heard;
    const done = await elsewhere();
    await waitUntil(() => this.#heard > before, { what: "word of it has come" });
    return done;
  }

  untilLive(): Promise<unknown> {
    return waitUntil(() => this.isLive, { what: "its bus is live" });
  }

  /** Begins something, and resolves with it once a command of it is on its way to the server. */
  async sends<T>(selection: Selection, what: () => Promise<T>): Promise<{ readonly going: Promise<T> }> {
    const hold = this.proxy.toServer.hold(selection);
    const going = begin(what());
    await hold.caught();
    hold.release();
    return { going };
  }

  /** Takes its ears away. Resolves when it knows, with what gives them back, which resolves when it trusts again. */
  async deafen(): Promise<() => Promise<void>> {
    const hold = this.proxy.toServer.hold({ command: "SUBSCRIBE" });
    const lost = this.#timesLost;
    this.proxy.reset(LISTENING);
    await waitUntil(() => this.#timesLost > lost, { what: "it knows that it is deaf" });
    return async () => {
      const live = this.#timesLive;
      hold.release();
      await waitUntil(() => this.#timesLive > live, { what: "it hears again" });
    };
  }

  /** Cuts all its connections. Resolves when it trusts again. */
  async reconnect(): Promise<void> {
    const live = this.#timesLive;
    this.proxy.reset();
    await waitUntil(() => this.#timesLive > live, { what: "it trusts again" });
  }

  /** Ends the connection of the user's client at this end: what is on its way goes on. Resolves with another one. */
  async changeConnection(): Promise<void> {
    const client = this.#client as Redis;
    client.stream.destroy();
    await waitUntil(() => client.status !== "ready", { what: "its connection has ended" });
    await waitUntil(() => client.status === "ready", { what: "it has another one" });
  }

  /** Resolves when it has looked so often who the server is: what comes of all but the last look has come. */
  async probes(times = 2): Promise<void> {
    for (let time = 0; time < times; time++) {
      const hold = this.proxy.toServer.hold({ command: "INFO", times: 1 });
      await waitUntil(
        async () => {
          await this.#clock?.advance(250);
          return hold.frames.length > 0;
        },
        { what: "it asks who the server is" },
      );
      hold.release();
    }
  }

  /** Resolves when the authority has got everything. Moves a fake clock on meanwhile. */
  async untilReplayed(): Promise<void> {
    await waitUntil(
      async () => {
        await this.#clock?.advance(1_000);
        return this.pending === 0;
      },
      { what: "nothing is pending" },
    );
  }

  async close(): Promise<void> {
    await this.proxy.heal();
    const closing = this.cache.close({ timeout: 0 });
    await this.#clock?.advance(1);
    // One that hangs must not take all other tests with it.
    const isClosed = closing.then(() => true);
    await waitUntil(() => isClosed, { deadlineMs: 1_000, what: "it is closed" }).catch(() => undefined);
    this.#client?.disconnect();
    await this.proxy.stop();
  }
}

/** Something that goes on while the scenario does: a rejection that comes of its end is nobody's. */
export function begin<T>(going: Promise<T>): Promise<T> {
  going.catch(() => undefined);
  return going;
}

/** Resolves when a controlled refresh has been called so many times. */
export async function called({ calls }: { readonly calls: readonly unknown[] }, times = 1): Promise<void> {
  await waitUntil(() => calls.length >= times, { what: `a refresh has been called ${times} times` });
}

/** What somebody reads of the key `k` who comes afterwards: what the authority holds, or `new`. */
export async function readElsewhere(world: World, server: RedisServer = world.redis): Promise<string> {
  const { cache } = await world.open({ server });
  return cache.get("k", () => "new");
}

/** Some of a user's code that takes its time in the middle of a read: but for that, replies come in order. */
export function slowValidation() {
  const begun = deferred<void>();
  const accepted = deferred<boolean>();
  const validate = (value: unknown): unknown => {
    if (value !== "old") return true;
    begun.resolve();
    return accepted.promise;
  };
  return { validate, begun: begun.promise, accept: () => accepted.resolve(true) };
}
