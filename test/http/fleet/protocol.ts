// What a test says to another process of a fleet, and what that says back.

/** Options of a cached handler that can be told to another process. */
export interface RouteOptions {
  readonly vary?: readonly string[];
  readonly tags?: readonly string[];
  /** The header that names the user. */
  readonly partition?: string;
}

/** A cached handler, or a cached fetch, with a cache of its own. */
export interface SiteOptions {
  /** Of the cache: sites of one name and one place are a fleet. */
  readonly name: string;
  /** Where the origin is that the handler, or fetch, asks. */
  readonly origin: string;
  /** A SQLite file, or the port of a Redis. */
  readonly place: string | number;
  /** Longest that a command may take, in milliseconds. Default 5,000: the machine is shared. */
  readonly timeout?: number;
  /** A cached handler with these options; without it, a cached fetch. */
  readonly route?: RouteOptions;
  /** By how much the clock of this process is wrong, in milliseconds. */
  readonly clockOffsetMs?: number;
}

export type Question =
  | { readonly what: "open"; readonly options: SiteOptions }
  | { readonly what: "ask"; readonly url: string; readonly init: RequestInit }
  | { readonly what: "purge"; readonly tags: readonly string[] }
  /** Whether it has asked for the lease of a key, and has got an answer. */
  | { readonly what: "isEngaged" }
  | { readonly what: "isLive" }
  | { readonly what: "close" };

export interface ToPeer {
  readonly id: number;
  readonly site: string;
  readonly question: Question;
}

export interface FromPeer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** A response as it crosses from one process to the other. */
export interface Carried {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}
