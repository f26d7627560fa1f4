// Deals requests and invalidations out among the shop processes; knows which of them are there.
import { eventually } from "./eventually.ts";
import type { CommittedPrice } from "../database.ts";
import type { LoadProduct } from "../product-pages.ts";
import type { Invalidation, SharedPriceWatch } from "./price-watch.ts";
import type { Change, Instant, ShopSettings, ShopStats, Touched } from "./protocol.ts";
import { LostError, Shop, type ShopListener } from "./shop.ts";

export interface FrontDoorOptions {
  readonly settings: ShopSettings;
  readonly load: LoadProduct;
  readonly watch: SharedPriceWatch;
  readonly onTouched: (shop: Shop, touched: Touched) => void;
}

export class FrontDoor implements ShopListener {
  readonly #options: FrontDoorOptions;
  /** In order of their numbers; one that was killed stays until it is replaced. */
  readonly #shops: Shop[];
  readonly #everyShop = new Set<Shop>();
  readonly #undelivered = new Map<number, Invalidation>();
  #turn = 0;
  #pending = 0;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    process.once("exit", this.#killAll);
    this.#shops = Array.from({ length: options.settings.processes }, (_, index) => this.#start(index + 1));
  }

  get shops(): readonly Shop[] {
    return this.#shops;
  }

  /** Invalidations done again, by all processes together. */
  get replayed(): number {
    return [...this.#everyShop].reduce((sum, { touch }) => sum + touch.replayed, 0);
  }

  /** Invalidations that did not reach Redis at first. */
  get pending(): number {
    return this.#pending;
  }

  get undelivered(): number {
    return this.#undelivered.size;
  }

  /** Resolves when all that is pending now has reached Redis; or after a while, if that does not come back. */
  async delivered(): Promise<void> {
    const due = [...this.#undelivered.keys()];
    await eventually(() => due.every((ask) => !this.#undelivered.has(ask)));
  }

  /** Resolves when each process has been in touch with Redis at some time from now on; or after a while. */
  async inTouch(): Promise<void> {
    const out = new Set(this.#shops);
    await eventually(() => {
      for (const shop of out) if (!shop.touch.isOut) out.delete(shop);
      return out.size === 0;
    });
  }

  async ready(): Promise<void> {
    await Promise.all(this.#shops.map(({ ready }) => ready));
  }

  /** Serves a request by the next process, and has the answer checked. False if that process died over it. */
  async serve(id: number): Promise<boolean> {
    const shop = this.#next();
    try {
      this.#options.watch.answered(id, shop, await shop.get(id));
      return true;
    } catch (error) {
      if (error instanceof LostError) return false;
      throw error;
    }
  }

  /** Has the next process invalidate; if that one dies over it, another. */
  async invalidate(change: Change, committed: readonly CommittedPrice[]): Promise<void> {
    for (;;) {
      const by = this.#next();
      try {
        const { ask, at, authority } = await by.invalidate(change);
        const isPending = authority === "pending";
        const invalidation: Invalidation = { by, at, doneAt: isPending ? Infinity : at };
        if (isPending) {
          this.#pending += 1;
          this.#undelivered.set(ask, invalidation);
        }
        this.#options.watch.invalidated(committed, invalidation);
        return;
      } catch (error) {
        if (!(error instanceof LostError)) throw error;
      }
    }
  }

  async replace(index: number): Promise<void> {
    const shop = this.#start(index + 1);
    this.#shops[index] = shop;
    await shop.ready;
  }

  async close(): Promise<ShopStats[]> {
    const stats = await Promise.all(this.#shops.filter(({ isOpen }) => isOpen).map((shop) => shop.close()));
    process.off("exit", this.#killAll);
    return stats;
  }

  onTouched(shop: Shop, touched: Touched): void {
    this.#options.onTouched(shop, touched);
  }

  onDelivered(_shop: Shop, ask: number, at: Instant): void {
    const invalidation = this.#undelivered.get(ask);
    if (invalidation !== undefined) invalidation.doneAt = at;
    this.#undelivered.delete(ask);
  }

  #start(number: number): Shop {
    const { settings, load } = this.#options;
    const shop = new Shop(number, settings, load, this);
    this.#everyShop.add(shop);
    return shop;
  }

  #next(): Shop {
    for (let tries = this.#shops.length; tries > 0; tries--) {
      const shop = this.#shops[this.#turn++ % this.#shops.length];
      if (shop?.isOpen) return shop;
    }
    throw new Error("no shop process is left");
  }

  readonly #killAll = (): void => this.#everyShop.forEach((shop) => shop.killNow());
}
