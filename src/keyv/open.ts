// Puts the parts of the Keyv tier together, for as many caches as are opened from one plan.

import type { RemoteTier, RemoteTierContext } from "../contracts/remote.ts";
import { KeyvAuthority } from "./authority.ts";
import { KeyvClient } from "./client.ts";
import { KeyvEpochs } from "./epochs.ts";
import { keyvNames } from "./names.ts";
import type { KeyvSettings } from "./settings.ts";
import { shareOf } from "./share.ts";
import { KeyvTier } from "./tier.ts";

/** What `health()` says of it. */
const LIMITS =
  "decides within this process: other processes share its entries, but neither leases, fences nor the order of writes";

/** Opens the tier, and knows how many caches use it. */
export class KeyvOpener {
  readonly #settings: KeyvSettings;
  #users = 0;

  constructor(settings: KeyvSettings) {
    this.#settings = settings;
  }

  open({ root, layout, clock }: RemoteTierContext): RemoteTier {
    const { name, store, keyPrefix, timeoutMs } = this.#settings;
    const share = shareOf(store.storage);
    const client = new KeyvClient(name, share, timeoutMs, clock);
    const names = keyvNames(root, store.prefix + keyPrefix);
    const epochs = new KeyvEpochs(client, names);
    this.#users++;
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= this.#close(client));
    return {
      tier: new KeyvTier(name, client, names, store.namespace, close),
      authority: new KeyvAuthority({ client, names, epochs, layout }),
      bus: undefined,
      limits: LIMITS,
      shardOf: () => name,
      problem: () => share.problem,
      close,
    };
  }

  async #close(client: KeyvClient): Promise<void> {
    this.#users--;
    const { closeStore, store } = this.#settings;
    const isLast = closeStore && this.#users === 0;
    // A store that does not let go must not keep a cache from closing.
    if (isLast) await client.run((attempt) => attempt.ask(() => store.disconnect())).catch(() => undefined);
    client.close();
  }
}
