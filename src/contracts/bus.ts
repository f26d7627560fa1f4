// The seam between processes: carries word of invalidations. It may lose messages, but must know when it may have.

import type { EpochName } from "./authority.ts";

/** Word of an invalidation. It carries doubt, not truth: receivers drop or re-verify, and never take a value from it. */
export type BusMessage =
  | { readonly kind: "key"; readonly fullKey: string; readonly version: string | undefined }
  | { readonly kind: "filled"; readonly fullKey: string }
  | { readonly kind: "epoch"; readonly name: EpochName; readonly soft: boolean };

/** What a bus tells its process. */
export interface BusReceiver {
  onMessage(message: BusMessage): void;
  /** Messages may have been lost since the last call, or may be from now on. */
  onDoubt(): void;
  /** From now on every message will arrive, or `onDoubt` be called. */
  onLive(): void;
}

/** A connection to the other processes of a cache. */
export interface Bus {
  /** Whether no message can have been lost without `onDoubt`. */
  readonly isLive: boolean;
  publish(message: BusMessage): Promise<void>;
  subscribe(receiver: BusReceiver): void;
  close(): Promise<void>;
}
