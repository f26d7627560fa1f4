// What a refresh function is given, and what it notes about its result.

import { CacheError, show } from "../errors.ts";
import { resolveLifetimes, type CallSettings } from "../model/call.ts";
import type { LifetimeOptions } from "../model/call-options.ts";
import type { Epoch } from "../model/epoch.ts";
import { checkNames } from "../model/key.ts";
import type { BatchContext, RefreshContext, Skip } from "../model/refresh.ts";
import type { Target } from "./engine.ts";
import type { EpochTable } from "./epochs.ts";

/** What a refresh said of its result, besides the value. */
export class ResultNotes {
  settings: CallSettings;
  /** The tags it named, looked up at once, so that their invalidation is noticed from then on. */
  tags: readonly Epoch[] | undefined;
  skipped = false;
  notModified = false;
  readonly #epochs: EpochTable;

  constructor(settings: CallSettings, epochs: EpochTable) {
    this.settings = settings;
    this.#epochs = epochs;
  }

  setTags(tags: readonly string[]): void {
    this.tags = this.#epochs.tags(checkNames(tags, "setTags", this.settings.maxNameBytes));
  }

  setOptions(options: LifetimeOptions<never>): void {
    this.settings = resolveLifetimes(this.settings, options);
  }
}

/** Whose signal a context shows; asked for only when the refresh looks. */
export interface SignalSource {
  readonly signal: AbortSignal;
}

/**
 * The context of one refresh. Most refreshes use none of it, so its functions are made when they are asked for; taken
 * out of it, they work.
 */
export class Context implements RefreshContext {
  readonly key: string;
  readonly namespace: string | undefined;
  readonly stale: unknown;
  readonly #source: SignalSource;
  readonly #notes: ResultNotes;

  constructor({ key, settings }: Target, source: SignalSource, stale: unknown, notes: ResultNotes) {
    this.key = key;
    this.namespace = settings.namespace;
    this.stale = stale;
    this.#source = source;
    this.#notes = notes;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  get setTags(): RefreshContext["setTags"] {
    return (tags) => this.#notes.setTags(tags);
  }

  get setOptions(): RefreshContext["setOptions"] {
    return (options) => this.#notes.setOptions(options);
  }

  get skip(): Skip {
    const skip = <V>(value?: V): V => {
      this.#notes.skipped = true;
      return value as V;
    };
    return skip;
  }

  get notModified(): RefreshContext["notModified"] {
    return () => {
      const { key, stale } = this;
      if (stale === undefined) {
        throw new CacheError("invalid_argument", `notModified() needs a stale value, and ${show(key)} has none`, {
          key,
        });
      }
      this.#notes.notModified = true;
      return stale as never;
    };
  }
}

/**
 * The context of a refresh of several keys, made in the same way. An object literal with a getter would be kept by V8, with all that the getter
 * holds, until it collects everything.
 */
export class ContextOfMany implements BatchContext {
  readonly namespace: string | undefined;
  readonly stale: ReadonlyMap<string, unknown>;
  readonly #source: SignalSource;
  readonly #notesOf: (key: string) => ResultNotes;

  /** @param notesOf throws for what is no key of the batch */
  constructor(
    namespace: string | undefined,
    stale: ReadonlyMap<string, unknown>,
    source: SignalSource,
    notesOf: (key: string) => ResultNotes,
  ) {
    this.namespace = namespace;
    this.stale = stale;
    this.#source = source;
    this.#notesOf = notesOf;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  get setTags(): BatchContext["setTags"] {
    return (key, tags) => this.#notesOf(key).setTags(tags);
  }

  get setOptions(): BatchContext["setOptions"] {
    return (key, options) => this.#notesOf(key).setOptions(options);
  }
}
