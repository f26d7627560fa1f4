// What is known of a URL: the generation that all its responses share, and by which request headers they vary.

import { randomUUID } from "node:crypto";
import type { TieredCacheManager } from "../manager.ts";
import type { GetOptions, SetOptions } from "../model/call-options.ts";
import type { Milliseconds } from "../model/duration.ts";
import type { StoreSettings } from "./options.ts";

/** An entry of the cache for each URL that was asked for. */
export interface UrlState {
  /** Chosen by chance when the URL is asked for first, and again after each deletion. */
  readonly generation: string;
  /** Names of the request headers that its responses vary by, a list for each combination that was seen; the last one first. */
  readonly varies: readonly (readonly string[])[];
}

/** Lifetimes as undici says, and nothing of the cache's own defaults. */
export const PLAIN: SetOptions = {
  staleWhileRevalidate: 0,
  staleIfError: 0,
  jitter: 0,
  isNegative: () => false,
};

/** How long a URL is remembered of which nothing is stored: a response that takes longer than this will not be. */
const UNUSED_MS: Milliseconds = 10 * 60_000;
/** An origin that names other headers each time is not followed any further. */
const MAX_VARIES = 8;
/** How often somebody else may be about to note other names. Then these are left out: that costs a miss. */
const MAX_TRIES = MAX_VARIES;

/** The states of all URLs. What a verb of the cache rejects with, these reject with. */
export class UrlStates {
  readonly #cache: TieredCacheManager;
  readonly #settings: StoreSettings;
  readonly #place: { readonly namespace: string };

  constructor(cache: TieredCacheManager, settings: StoreSettings) {
    this.#cache = cache;
    this.#settings = settings;
    this.#place = Object.freeze({ namespace: settings.namespace });
  }

  /** The state of a URL as it is before a request. If there is none, it begins here. */
  open(url: string, key: string): Promise<UrlState> {
    // A hit needs none of the options.
    const known = this.#cache.freshHit<UrlState>(key, this.#place);
    return known ?? this.#cache.get<UrlState>(key, begin, this.#options(url, UNUSED_MS));
  }

  /** The state of a URL, if there is one. */
  peek(key: string): Promise<UrlState | undefined> {
    return this.#cache.get<UrlState>(key, this.#place);
  }

  /** Ends all responses of a URL, on all processes, and those that are on their way. */
  async end(key: string): Promise<void> {
    await this.#cache.delete(key, this.#place);
  }

  /** Whether responses of this generation are still found. */
  async isCurrent(key: string, generation: string): Promise<boolean> {
    const entry = await this.#cache.getEntry<UrlState>(key, this.#place);
    return entry?.value.generation === generation;
  }

  /**
   * Makes a response findable: notes its names, and lets the state last as long as it. As a refresh and no `set`, because
   * a deletion meanwhile has to win. It lasts twice as long as need be, so that the next response need not do this.
   */
  async note(url: string, key: string, generation: string, names: readonly string[], ms: Milliseconds): Promise<void> {
    const entry = await this.#cache.getEntry<UrlState>(key, this.#place);
    if (entry?.value.generation !== generation) return;
    const leftMs = entry.freshUntil - this.#settings.clock.now();
    if (leftMs >= ms && hasNames(entry.value, names)) return;
    // Never shorter: it has to outlast every response.
    const ttl = Math.max(2 * ms, leftMs, UNUSED_MS);
    const options = { ...this.#options(url, ttl), forceRefresh: true };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const state = await this.#cache.get<UrlState | undefined, UrlState>(
        key,
        ({ stale, skip }) => (stale?.generation === generation ? withNames(stale, names) : skip(undefined)),
        options as GetOptions<UrlState | undefined>,
      );
      // Otherwise this call has joined one for other names.
      if (state?.generation !== generation || hasNames(state, names)) return;
    }
  }

  #options(url: string, ttl: Milliseconds): GetOptions<UrlState> {
    const { namespace, tagsOf } = this.#settings;
    return { ...PLAIN, namespace, ttl, tags: tagsOf(url) };
  }
}

const begin = (): UrlState => ({ generation: randomUUID(), varies: [] });

function hasNames({ varies }: UrlState, names: readonly string[]): boolean {
  return varies.some((known) => known.length === names.length && known.every((name, index) => name === names[index]));
}

function withNames(state: UrlState, names: readonly string[]): UrlState {
  if (hasNames(state, names)) return state;
  return { ...state, varies: [names, ...state.varies].slice(0, MAX_VARIES) };
}
