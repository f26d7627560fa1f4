// Epochs in the store: each half a text of its own under a key of its own, made anew whenever it is not there.

import type { DatedEpoch, EpochName } from "../contracts/authority.ts";
import { randomBytes } from "../model/random.ts";
import type { Attempt, KeyvClient } from "./client.ts";
import type { KeyvNames } from "./names.ts";

/** When it was made, by the maker's clock, and chance. */
const STAMP = /^(\d+(?:\.\d+)?)-[0-9a-f]{12}$/;

/**
 * Reads, makes and changes epochs. No text is ever used twice, and changing one half never writes the other: so what
 * several processes do at the same time can end too much, but never bring anything back.
 */
export class KeyvEpochs {
  readonly #client: KeyvClient;
  readonly #names: KeyvNames;

  constructor(client: KeyvClient, names: KeyvNames) {
    this.#client = client;
    this.#names = names;
  }

  /** Keys of the halves of these epochs, two each. */
  keys(names: readonly EpochName[]): string[] {
    return names.flatMap((name) => {
      const { hard, soft } = this.#names.epoch(name);
      return [hard, soft];
    });
  }

  /** Epochs from what the store holds under {@link keys}; what is not there, or is none, is made. */
  async complete(attempt: Attempt, names: readonly EpochName[], found: readonly unknown[]): Promise<DatedEpoch[]> {
    const keys = this.keys(names);
    const halves = await Promise.all(keys.map((key, index) => this.#half(attempt, key, found[index])));
    return names.map((_name, index) => toEpoch(halves[2 * index] as string, halves[2 * index + 1] as string));
  }

  /** The same, where nothing is made: `undefined` for what is not there, or but half. */
  found(names: readonly EpochName[], found: readonly unknown[]): (DatedEpoch | undefined)[] {
    return names.map((_name, index) => {
      const [hard, soft] = [stampIn(found[2 * index]), stampIn(found[2 * index + 1])];
      return hard === undefined || soft === undefined ? undefined : toEpoch(hard, soft);
    });
  }

  /** Begins a new generation. A store that is full may still forget the old one, which ends it as well. */
  async bump(attempt: Attempt, key: string): Promise<void> {
    try {
      await attempt.set(key, this.#stamp(), Infinity);
    } catch (error) {
      await attempt.delete(key).catch(() => {
        throw error;
      });
    }
  }

  async #half(attempt: Attempt, key: string, found: unknown): Promise<string> {
    const known = stampIn(found);
    if (known !== undefined) return known;
    return this.#client.inLine(key, async () => {
      // Somebody may have made it meanwhile.
      const present = stampIn(await attempt.get(key));
      if (present !== undefined) return present;
      this.#client.share.mints.note(key, this.#client.clock.now());
      const made = this.#stamp();
      await attempt.set(key, made, Infinity);
      return made;
    });
  }

  #stamp(): string {
    return `${this.#client.clock.now()}-${randomBytes(6).toString("hex")}`;
  }
}

function toEpoch(hard: string, soft: string): DatedEpoch {
  return { hard, soft, since: Math.max(Number.parseFloat(hard), Number.parseFloat(soft)) };
}

function stampIn(found: unknown): string | undefined {
  const text = found instanceof Uint8Array ? Buffer.from(found).toString() : found;
  return typeof text === "string" && STAMP.test(text) ? text : undefined;
}
