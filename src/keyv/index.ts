// The entry point `freshtier/keyv`.

export { asKeyvStore, type AsKeyvStoreOptions, type KeyvStore } from "./as-store.ts";
