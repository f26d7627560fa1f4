// What a test and its peers, which are processes of their own, tell each other.

import type { CloseOptions } from "../../src/index.ts";
import type { OpenOptions } from "./open.ts";

/** What a peer can be asked. Its caches have names of the test's choosing. */
export type Question =
  | { readonly what: "open"; readonly cache: string; readonly options: OpenOptions }
  /** Calls a verb that takes no function. */
  | { readonly what: "call"; readonly cache: string; readonly verb: Verb; readonly args: readonly unknown[] }
  /** `get` with a refresh that loads from the source, by so many callers at once. */
  | { readonly what: "load"; readonly cache: string; readonly key: string; readonly callers: number }
  /** Reads again and again, by turns of the event loop, and counts what it sees. */
  | { readonly what: "watch"; readonly cache: string; readonly key: string; readonly old: string }
  | { readonly what: "watched"; readonly cache: string }
  | { readonly what: "events"; readonly cache: string }
  /** Closes a cache, lets go of this channel, and has nothing more to do. */
  | { readonly what: "leave"; readonly cache: string; readonly close: CloseOptions | undefined };

/** Verbs that can be called by name. */
export type Verb =
  | "get"
  | "set"
  | "delete"
  | "invalidateTags"
  | "clearNamespace"
  | "clear"
  | "markStale"
  | "stats"
  | "health"
  | "getSync"
  | "ttl"
  | "close";

/** What `load` comes to. */
export interface Loaded {
  /** The different values that the callers got. */
  readonly values: readonly string[];
  readonly tookMs: number;
}

/** What `watch` has seen. Instants by the clock that processes of a machine share, in milliseconds. */
export interface Watched {
  readonly reads: number;
  /** When a read that gave the old value began last. */
  readonly lastOldAt: number | undefined;
  /** For how long the event loop has stood still meanwhile, at a time: who cannot hear cannot know either. */
  readonly pauseMs: number;
}

/** To a peer. */
export type ToPeer =
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "loaded"; readonly id: number; readonly value: string }
  /** Ends it at once, but as Node ends: with its coverage written. */
  | { readonly kind: "end" };

/** From a peer. */
export type FromPeer =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown; readonly error?: string }
  | { readonly kind: "load"; readonly id: number; readonly key: string };

/** Now, by a clock that all processes of the machine read alike and nobody sets. */
export function sharedInstant(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
