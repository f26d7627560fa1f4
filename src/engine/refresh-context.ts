// What a refresh function is given, and what it notes about its result.

import { CacheError, show } from "../errors.ts";
import type { CallSettings } from "../model/call.ts";
import { resolveLifetimes } from "../model/call.ts";
import type { LifetimeOptions } from "../model/call-options.ts";
import { checkNames } from "../model/key.ts";
import type { RefreshContext, Skip } from "../model/refresh.ts";

/** What a refresh said of its result, besides the value. */
export class ResultNotes {
  settings: CallSettings;
  tags: readonly string[] = [];
  skipped = false;
  notModified = false;
  readonly #maxNameBytes: number;

  constructor(settings: CallSettings, maxNameBytes: number) {
    this.settings = settings;
    this.#maxNameBytes = maxNameBytes;
  }

  setTags(tags: readonly string[]): void {
    this.tags = checkNames(tags, "setTags", this.#maxNameBytes);
  }

  setOptions(options: LifetimeOptions<never>): void {
    this.settings = resolveLifetimes(this.settings, options);
  }
}

/** Whose signal a context shows; asked for only when the refresh looks. */
export interface SignalSource {
  readonly signal: AbortSignal;
}

/** The context of one refresh. Its functions work when they are taken out of it. */
export function createContext(key: string, source: SignalSource, stale: unknown, notes: ResultNotes): RefreshContext {
  const skip = <V>(value?: V): V => {
    notes.skipped = true;
    return value as V;
  };
  const notModified = (): unknown => {
    if (stale === undefined) {
      throw new CacheError("invalid_argument", `notModified() needs a stale value, and ${show(key)} has none`, { key });
    }
    notes.notModified = true;
    return stale;
  };
  return {
    key,
    namespace: notes.settings.namespace,
    stale,
    get signal() {
      return source.signal;
    },
    setTags: (tags) => notes.setTags(tags),
    setOptions: (options) => notes.setOptions(options),
    skip: skip as Skip,
    notModified,
  };
}
