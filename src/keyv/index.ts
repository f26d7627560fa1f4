// The entry point `freshtier/keyv`.

export { asKeyvStore, type AsKeyvStoreOptions, type KeyvStore } from "./as-store.ts";
export type { KeyvHost } from "./place.ts";
export { keyvTier, type KeyvTierConfig, type KeyvTierOptions } from "./options.ts";
export type { KeyvLike, KeyvStorage } from "./storage.ts";
