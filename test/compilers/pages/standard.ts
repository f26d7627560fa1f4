// What only standard decorators can stand on: `#private` methods.

import { TieredCacheManager } from "freshtier";
import { CacheDefaults, Cached, cacheOf } from "freshtier/decorators";

const cache = new TieredCacheManager();
let runs = 0;

@CacheDefaults({ cache, id: "the vault" })
class Vault {
  @Cached("private:{0}")
  async #open(id: number): Promise<string> {
    return `open ${id} ${++runs}`;
  }

  @Cached()
  async #byArguments(id: number): Promise<string> {
    return `arguments ${id} ${++runs}`;
  }

  @Cached("static:{0}")
  static async #count(id: number): Promise<string> {
    return `count ${id} ${++runs}`;
  }

  async report(): Promise<unknown> {
    const opened = [await this.#open(1), await this.#open(1)];
    const made = [await this.#byArguments(1), await this.#byArguments(1)];
    const counted = [await Vault.#count(1), await Vault.#count(1)];
    return { opened, made, counted, key: cacheOf(this, this.#open).key(2) };
  }
}

console.log(JSON.stringify(await new Vault().report()));
