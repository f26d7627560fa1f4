// What the front door and the shop processes say to each other.
import type { MutationResult } from "freshtier";
import type { Product } from "../catalogue.ts";

/** Milliseconds by the monotonic clock that all processes of a machine share. */
export type Instant = number;

/** From, to. */
export type Span = readonly [from: Instant, to: Instant];

/** Where a page came from. */
export type Origin = "memory" | "redis" | "database";

/** What a shop process is told when it is started. */
export interface ShopSettings {
  readonly cacheName: string;
  readonly url: string;
  readonly processes: number;
}

/** What changed in the database. */
export type Change =
  { readonly what: "product"; readonly id: number } | { readonly what: "category"; readonly name: string };

export interface Answer {
  readonly version: number;
  readonly beganAt: Instant;
  readonly tookMs: number;
  readonly origin: Origin;
  /** Whether Redis did not answer this process meanwhile, or was not even asked because of that. */
  readonly isCutOff: boolean;
}

export interface Invalidated extends MutationResult {
  /** When the shop process knew. */
  readonly at: Instant;
}

/** What became of the connection to Redis. */
export type Touched =
  | { readonly what: "lost"; readonly reason: string }
  | { readonly what: "live" }
  /** Whether it is asked at all. */
  | { readonly what: "breaker"; readonly isOpen: boolean }
  | { readonly what: "replayed"; readonly count: number }
  | { readonly what: "stalled"; readonly span: Span };

export interface ShopStats {
  /** Results not stored, because an invalidation came while they were being loaded. */
  readonly fenced: number;
  /** Refreshes not made, because another process had made them. */
  readonly spared: number;
  /** Invalidations that Redis has not got. */
  readonly pending: number;
}

export type ToShop =
  | { readonly kind: "get"; readonly ask: number; readonly id: number }
  | { readonly kind: "invalidate"; readonly ask: number; readonly change: Change }
  | { readonly kind: "close"; readonly ask: number }
  | { readonly kind: "loaded"; readonly load: number; readonly product: Product }
  | { readonly kind: "not loaded"; readonly load: number; readonly message: string };

export type FromShop =
  | { readonly kind: "answer"; readonly ask: number; readonly answer: Answer }
  | { readonly kind: "invalidated"; readonly ask: number; readonly invalidated: Invalidated }
  | { readonly kind: "closed"; readonly ask: number; readonly stats: ShopStats }
  | { readonly kind: "failed"; readonly ask: number; readonly message: string }
  | { readonly kind: "load"; readonly load: number; readonly id: number }
  /** These invalidations had been pending and have reached Redis. */
  | { readonly kind: "delivered"; readonly asks: readonly number[]; readonly at: Instant }
  | { readonly kind: "touch"; readonly at: Instant; readonly touched: Touched };

export function instant(): Instant {
  return Number(process.hrtime.bigint()) / 1e6;
}
