// The program of one shop process: answers requests through its cache, and invalidates what it is told to.
import type { TieredCacheManager } from "freshtier";
import type { Product } from "../catalogue.ts";
import { openSharedCache, pagesFromCache, productKey, type ProductPages } from "../product-pages.ts";
import { Link } from "./link.ts";
import { instant, type Change, type FromShop, type Origin, type ShopSettings, type ToShop } from "./protocol.ts";
import { StallWatch } from "./stalls.ts";

class ShopProcess {
  readonly #cache: TieredCacheManager;
  readonly #pages: ProductPages;
  readonly #link: Link<FromShop, ToShop>;
  readonly #stalls: StallWatch;
  readonly #loads = new Map<number, PromiseWithResolvers<Product>>();
  /** Where the last answer for a key came from. */
  readonly #origins = new Map<string, Origin>();
  /** Invalidations that Redis has not got yet. */
  #pending: number[] = [];
  #lastLoad = 0;
  /** Commands that Redis did not answer so far. */
  #failures = 0;
  #isBreakerOpen = false;

  constructor({ cacheName, url, processes }: ShopSettings) {
    this.#link = new Link(process, (message) => void this.#receive(message));
    this.#cache = openSharedCache(cacheName, url, processes);
    this.#pages = pagesFromCache(this.#cache, (id) => this.#load(id));
    this.#stalls = new StallWatch((span) => this.#touch({ what: "stalled", span }));
  }

  /** From now on it takes requests, and tells how it fares. */
  open(): void {
    this.#noteOrigins();
    this.#tellOfRedis();
  }

  async #receive(message: ToShop): Promise<void> {
    if (message.kind === "loaded" || message.kind === "not loaded") return this.#landed(message);
    try {
      this.#link.post(await this.#reply(message));
    } catch (error) {
      this.#link.post({ kind: "failed", ask: message.ask, message: String(error) });
    }
  }

  #reply(message: Exclude<ToShop, { readonly load: number }>): Promise<FromShop> {
    if (message.kind === "get") return this.#get(message.ask, message.id);
    if (message.kind === "invalidate") return this.#invalidate(message.ask, message.change);
    return this.#close(message.ask);
  }

  async #get(ask: number, id: number): Promise<FromShop> {
    this.#stalls.look();
    const failures = this.#failures;
    const wasOpen = this.#isBreakerOpen;
    const beganAt = instant();
    const { version } = await this.#pages.product(id);
    const tookMs = instant() - beganAt;
    const origin = this.#origins.get(productKey(id)) ?? "database";
    const isCutOff = wasOpen || this.#isBreakerOpen || this.#failures > failures;
    return { kind: "answer", ask, answer: { version, beganAt, tookMs, origin, isCutOff } };
  }

  async #invalidate(ask: number, change: Change): Promise<FromShop> {
    const { authority } = await (change.what === "product"
      ? this.#pages.priceChanged(change.id)
      : this.#pages.categoryChanged(change.name));
    const at = instant();
    if (authority === "pending") {
      this.#pending.push(ask);
      // It may have been done again between the answer and here.
      setImmediate(() => this.#deliver());
    }
    return { kind: "invalidated", ask, invalidated: { authority, at } };
  }

  async #close(ask: number): Promise<FromShop> {
    const { refreshes } = this.#cache.stats();
    const stats = { fenced: refreshes.fenced, spared: refreshes.spared, pending: this.#pendingInCache() };
    this.#stalls.stop();
    await this.#pages.close();
    return { kind: "closed", ask, stats };
  }

  /** Asks the front door, which has the database. */
  #load(id: number): Promise<Product> {
    const load = ++this.#lastLoad;
    const landing = withResolvers<Product>();
    this.#loads.set(load, landing);
    this.#link.post({ kind: "load", load, id });
    return landing.promise;
  }

  #landed(message: Extract<ToShop, { readonly load: number }>): void {
    const landing = this.#loads.get(message.load);
    this.#loads.delete(message.load);
    if (message.kind === "loaded") landing?.resolve(message.product);
    else landing?.reject(new Error(message.message));
  }

  /** The event of a request comes right before its answer. */
  #noteOrigins(): void {
    const note = (key: string, tier: string): void =>
      void this.#origins.set(key, tier === "memory" ? "memory" : "redis");
    this.#cache.on("hit", ({ key, tier }) => note(key, tier));
    this.#cache.on("stale", ({ key, tier }) => note(key, tier));
    this.#cache.on("miss", ({ key }) => void this.#origins.set(key, "database"));
  }

  #tellOfRedis(): void {
    this.#cache.on("busLost", ({ reason }) => this.#touch({ what: "lost", reason }));
    this.#cache.on("busLive", () => this.#touch({ what: "live" }));
    this.#cache.on("breaker", ({ state }) => {
      this.#isBreakerOpen = state !== "closed";
      this.#touch({ what: "breaker", isOpen: this.#isBreakerOpen });
    });
    this.#cache.on("tierError", () => void (this.#failures += 1));
    this.#cache.on("pendingReplayed", ({ count }) => {
      this.#touch({ what: "replayed", count });
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#pending.length === 0 || this.#pendingInCache() > 0) return;
    this.#link.post({ kind: "delivered", asks: this.#pending, at: instant() });
    this.#pending = [];
  }

  #pendingInCache(): number {
    const redis = this.#cache.stats().tiers["redis"];
    return redis !== undefined && "pending" in redis ? redis.pending : 0;
  }

  #touch(touched: Extract<FromShop, { readonly kind: "touch" }>["touched"]): void {
    this.#link.post({ kind: "touch", at: instant(), touched });
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((whenDone, whenFailed) => {
    resolve = whenDone;
    reject = whenFailed;
  });
  return { promise, resolve, reject };
}

// Ctrl-C reaches the whole group. The front door ends the shop; if it is gone, there is nobody to answer to.
process.on("SIGINT", () => undefined);
process.once("disconnect", () => process.exit());
// `as`: the front door wrote it
new ShopProcess(JSON.parse(process.argv[2] ?? "{}") as ShopSettings).open();
