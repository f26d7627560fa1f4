// Proves, for every single request, that no invalidated price was served: the demo's referee.
import { FIRST_VERSION, type Product } from "./catalogue.ts";
import type { CommittedPrice } from "./database.ts";

/** What a request must show at least, noted when it begins. */
export interface Expectation {
  readonly id: number;
  readonly version: number;
}

/**
 * The rule: what the shop opens with holds from the first request on, whatever the cache has kept from the last run. And once a price change is committed and its invalidation has resolved, every request that
 * begins afterwards gets that version or a newer one. A request that was already under way may
 * still get the old one; nobody could do better without stopping the world.
 */
export class PriceWatch {
  readonly #valid: Uint32Array;
  /** The newest version that was shown of each product. */
  readonly #shown: Uint32Array;
  #checked = 0;
  #checkedAfterChange = 0;
  #outdatedOnArrival = 0;
  readonly #violations: string[] = [];

  /** @param versions of all prices when the shop opens */
  constructor(versions: Uint32Array) {
    this.#valid = versions.slice();
    this.#shown = new Uint32Array(versions.length);
  }

  /** The invalidation of these prices' predecessors has resolved. */
  invalidated(prices: readonly CommittedPrice[]): void {
    for (const { id, version } of prices) {
      this.#valid[id] = Math.max(this.#validVersion(id), version);
    }
  }

  requestBegins(id: number): Expectation {
    return { id, version: this.#validVersion(id) };
  }

  requestEnds(expected: Expectation, product: Product): void {
    this.#checked += 1;
    if (expected.version > FIRST_VERSION) this.#checkedAfterChange += 1;
    this.#shown[expected.id] = Math.max(this.#shown[expected.id] ?? 0, product.version);
    if (product.id === expected.id && product.version >= expected.version) return;
    this.#violations.push(
      `asked for product ${expected.id} after version ${expected.version} was valid, ` +
        `got product ${product.id} version ${product.version}`,
    );
  }

  /** A query brought a product home. Counts those which were invalidated while they were on their way. */
  queryArrived(product: Product): void {
    if (product.version < this.#validVersion(product.id)) this.#outdatedOnArrival += 1;
  }

  /** The shop has closed with these versions: nobody can have seen a newer one, unless of another shop's price. */
  closes(versions: Uint32Array): void {
    for (const [id, version] of versions.entries()) {
      const shown = this.#shown[id] ?? 0;
      if (shown <= version) continue;
      this.#violations.push(`showed version ${shown} of product ${id}, of which there is none after ${version}`);
    }
  }

  verdict(): Verdict {
    return {
      checked: this.#checked,
      checkedAfterChange: this.#checkedAfterChange,
      outdatedOnArrival: this.#outdatedOnArrival,
      violations: this.#violations,
    };
  }

  #validVersion(id: number): number {
    return this.#valid[id] ?? 0;
  }
}

export interface Verdict {
  readonly checked: number;
  /** Of those checked: requests for products whose price had changed before, where a cache could go wrong. */
  readonly checkedAfterChange: number;
  /** Queries whose answer was invalidated before it arrived: each would poison a careless cache. */
  readonly outdatedOnArrival: number;
  readonly violations: readonly string[];
}
