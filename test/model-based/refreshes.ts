// The refresh functions that the model test gives to the cache, and every call of them.

import type { BatchRefresh, Refresh, RefreshContext } from "../../src/index.ts";
import { deferred, type Deferred } from "../support/deferred.ts";
import { textOf, TTL, type CallOptions, type Ending, type Id, type Script } from "./command.ts";

/** What a refresh function throws. */
export class RefreshError extends Error {}

/** One call of a refresh function. */
export interface RefreshCall {
  readonly ids: readonly Id[];
  /** The values it brings, one per id. */
  readonly values: readonly string[];
  /** The same as one word. */
  readonly label: string;
  readonly signal: AbortSignal;
  /** The values it was told it would replace. */
  readonly stale: readonly unknown[];
  /** Names tags of its values, besides those of the call. */
  readonly nameTags: (tags: readonly string[]) => void;
  /** All tags of its values so far. */
  tags: readonly string[];
  ttl: number;
  readonly end: Deferred<Ending>;
  toldToEnd: boolean;
}

/** Told of what happens to values. */
export interface RefreshWatcher {
  begins(call: RefreshCall): void;
  ends(call: RefreshCall, value: unknown): void;
}

/** Makes refresh functions, and remembers their calls. Every call of one for an id brings a newer version of its value. */
export class Refreshes {
  readonly calls: RefreshCall[] = [];
  /** Index of the present command. */
  step = 0;
  readonly #watcher: RefreshWatcher;
  readonly #versions = new Map<string, number>();

  constructor(watcher: RefreshWatcher) {
    this.#watcher = watcher;
  }

  /** A new value of an id, newer than all so far. */
  newValue(id: Id): string {
    const version = (this.#versions.get(textOf(id)) ?? 0) + 1;
    this.#versions.set(textOf(id), version);
    return `${textOf(id)}#${version}`;
  }

  /** The calls that have not been told how to end, by label. */
  hanging(): RefreshCall[] {
    return this.calls.filter(({ toldToEnd }) => !toldToEnd).toSorted((a, b) => (a.label < b.label ? -1 : 1));
  }

  single(id: Id, options: CallOptions, script: Script): Refresh {
    const bornIn = this.step;
    return (context) => {
      const setTags = (tags: readonly string[]): void => context.setTags(tags);
      const call = this.#begin([id], context.signal, [context.stale], options, setTags);
      return this.#follow(call, bornIn, script, (ending) => {
        prepare(call, ending, (ttl) => context.setOptions({ ttl }));
        const value = valueOf(call, context, ending.kind);
        this.#watcher.ends(call, value);
        return ending.kind === "skip" ? context.skip(value) : value;
      });
    };
  }

  batch(namespace: string | undefined, options: CallOptions, script: Script): BatchRefresh {
    const bornIn = this.step;
    return (keys, context) => {
      const ids = keys.map((key) => ({ key, namespace }));
      const stale = keys.map((key) => context.stale.get(key));
      const setTags = (tags: readonly string[]): void => keys.forEach((key) => context.setTags(key, tags));
      const call = this.#begin(ids, context.signal, stale, options, setTags);
      return this.#follow(call, bornIn, script, (ending) => {
        prepare(call, ending, (ttl) => keys.forEach((key) => context.setOptions(key, { ttl })));
        const values = call.values.map((value) => (ending.kind === "null" ? null : value));
        for (const value of values) this.#watcher.ends(call, value);
        const isLeftOut = (index: number): boolean => ending.kind === "undefined" && index % 2 === 0;
        return new Map(keys.map((key, index) => [key, values[index]] as const).filter((_, index) => !isLeftOut(index)));
      });
    };
  }

  #begin(
    ids: readonly Id[],
    signal: AbortSignal,
    stale: readonly unknown[],
    { tags, ttl = TTL }: CallOptions,
    setTags: (tags: readonly string[]) => void,
  ): RefreshCall {
    const values = ids.map((id) => this.newValue(id));
    const call: RefreshCall = {
      ids,
      values,
      label: values.join(","),
      signal,
      stale,
      nameTags(named) {
        setTags(named);
        call.tags = [...tags, ...named];
      },
      tags,
      ttl,
      end: deferred<Ending>(),
      toldToEnd: false,
    };
    this.calls.push(call);
    this.#watcher.begins(call);
    return call;
  }

  /** Ends the call at once, by return or throw, if that is its script and its command is still going on. */
  #follow<T>(call: RefreshCall, bornIn: number, script: Script, finish: (ending: Ending) => T): T | Promise<T> {
    if (script === "hangs" || bornIn !== this.step) return call.end.promise.then(finish);
    call.toldToEnd = true;
    return finish(script);
  }
}

function prepare(call: RefreshCall, { kind, lateTags, ttl }: Ending, setTtl: (ttl: number) => void): void {
  if (kind === "fails") throw new RefreshError(`${call.label} fails`);
  if (lateTags.length > 0) call.nameTags(lateTags);
  if (ttl === undefined) return;
  call.ttl = ttl;
  setTtl(ttl);
}

function valueOf({ label }: RefreshCall, context: RefreshContext, kind: Ending["kind"]): unknown {
  if (kind === "notModified") return context.notModified();
  if (kind === "null") return null;
  return kind === "undefined" ? undefined : label;
}
