// The people who change prices while the shop is open: commit first, then have it invalidated.
import { CATEGORIES } from "./catalogue.ts";
import type { CommittedPrice, ProductDatabase } from "./database.ts";
import { between, pick, seededRandom, type Random } from "./random.ts";

const REQUESTS_PER_PRICE_CHANGE = 50;
const REQUESTS_PER_SALE = 5_000;
/** Prices change where the visitors are: one of the products of this many latest requests. */
const RECENT_REQUESTS = 50;

export interface BackOfficeOptions {
  readonly database: ProductDatabase;
  readonly requests: readonly number[];
  readonly seed: number;
  /** Invalidates a product whose price was committed, then tells the referee. */
  readonly priceChanged: (id: number, committed: readonly CommittedPrice[]) => Promise<void>;
  /** The same for all products of a category. */
  readonly categoryChanged: (category: string, committed: readonly CommittedPrice[]) => Promise<void>;
}

export class BackOffice {
  readonly #options: BackOfficeOptions;
  readonly #random: Random;
  readonly #work: Promise<void>[] = [];
  #priceChanges = 0;
  #sales = 0;

  constructor(options: BackOfficeOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  get priceChanges(): number {
    return this.#priceChanges;
  }

  get sales(): number {
    return this.#sales;
  }

  /** Called with the number of every request, so that a seed fixes who changes what and when. */
  onRequest(position: number): void {
    if (position % REQUESTS_PER_PRICE_CHANGE === 0) this.#work.push(this.#changePrice(position));
    if (position % REQUESTS_PER_SALE === REQUESTS_PER_SALE / 2) this.#work.push(this.#toggleSale());
  }

  /** Waits for what is under way. Rejects if any of it failed. */
  async finish(): Promise<void> {
    await Promise.all(this.#work);
  }

  async #changePrice(position: number): Promise<void> {
    const recent = this.#options.requests.slice(Math.max(0, position - RECENT_REQUESTS), position + 1);
    const id = pick(this.#random, recent);
    const percent = Math.round(between(this.#random, 90, 112));
    const committed = await this.#options.database.changePrice(id, percent);
    await this.#options.priceChanged(id, committed);
    this.#priceChanges += committed.length;
  }

  async #toggleSale(): Promise<void> {
    const category = pick(this.#random, CATEGORIES);
    const committed = await this.#options.database.toggleSale(category);
    await this.#options.categoryChanged(category, committed);
    this.#sales += 1;
  }
}
