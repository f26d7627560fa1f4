// Judges a history while it grows: which reads saw what they must not see any more.

import { Circumstances } from "./circumstances.ts";
import { bindingOf } from "./effect.ts";
import type { Binding } from "./effect.ts";
import type { Entry, Instant, Invalidation, Read } from "./entries.ts";
import { describeEntry, Journal } from "./journal.ts";
import type { Limits } from "./limits.ts";

/** A read that a promise forbids. */
export interface Violation {
  readonly promise: string;
  readonly key: string;
  /** What was read, what was due and since when. */
  readonly text: string;
  /** What happened to the key around then. */
  readonly lines: readonly string[];
}

/** Of each key, so many invalidations; if none of those binds, an older one is not looked for. */
const REMEMBERED = 200;
const FORGET_AFTER_MS = 120_000;

interface Covered {
  readonly version: number;
  readonly invalidation: Invalidation;
}

/** What forbids a read. */
interface Forbidden extends Covered {
  readonly binding: Binding;
}

/**
 * Takes the entries of a history as they come in, and judges a read once all that excuses or forbids it has come in too:
 * `judge(until)` judges those that had ended by then. Memory does not grow with the history.
 */
export class Checker {
  readonly #limits: Limits;
  readonly #circumstances: Circumstances;
  readonly #journal = new Journal();
  readonly #covered = new Map<string, Covered[]>();
  /** The last instant at which a `set` may have written, by id. */
  readonly #sets = new Map<number, Instant>();
  #reads: Read[] = [];
  readonly #violations: Violation[] = [];
  #judged = 0;
  #judgedCalm = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#circumstances = new Circumstances(limits);
  }

  /** How many reads have been judged. */
  get judged(): number {
    return this.#judged;
  }

  /** How many of them were made by processes that nothing excused. */
  get judgedCalm(): number {
    return this.#judgedCalm;
  }

  /** Takes an entry. */
  add(entry: Entry): void {
    this.#journal.add(entry);
    switch (entry.kind) {
      case "fault":
        return this.#circumstances.faultBegan(entry);
      case "healed":
        return this.#circumstances.faultEnded(entry);
      case "pause":
        return this.#circumstances.paused(entry);
      case "ended":
        return this.#circumstances.ended(entry.process, entry.at);
      case "invalidation":
        return this.#invalidated(entry);
      case "read":
        this.#reads.push(entry);
        return;
      case "failed read": {
        const text = `${entry.process} could not read ${entry.key}: ${entry.message}`;
        return this.#flag("P10", entry.key, text, entry.start);
      }
      case "began":
      case "commit":
    }
  }

  /** Judges all reads that ended before an instant, and answers every violation found since the last call. */
  judge(until: Instant = Infinity): readonly Violation[] {
    const later: Read[] = [];
    for (const read of this.#reads) {
      if (read.end > until) later.push(read);
      else this.#judgeRead(read);
    }
    this.#reads = later;
    if (until < Infinity) {
      this.#circumstances.forgetBefore(until - FORGET_AFTER_MS);
      this.#journal.forgetBefore(until - FORGET_AFTER_MS);
    }
    return this.#violations.splice(0);
  }

  /**
   * Judges one read made when all is quiet, soft invalidations like hard ones: they have been followed by a refresh. The
   * answer is not kept: whoever asks may read again first.
   */
  judgeSettled(read: Read): Violation | undefined {
    const forbidden = this.#forbidding(read, true);
    return forbidden === undefined ? undefined : this.#stale(read, forbidden);
  }

  /** What happened to a key of late. */
  linesOf(key: string): readonly string[] {
    return this.#journal.latest(key);
  }

  #invalidated(invalidation: Invalidation): void {
    const { id, verb, process, end, outcome, covers } = invalidation;
    if (verb.startsWith("set")) this.#sets.set(id, outcome === "done" ? end : end + this.#limits.lateMs);
    if (outcome === "failed") {
      const [[key] = [""]] = covers;
      this.#flag("P10", key, `${process}'s ${verb} failed: no verb may, because a tier does`, end);
    }
    for (const [key, version] of covers) {
      const list = this.#covered.get(key) ?? [];
      this.#covered.set(key, list);
      list.push({ version, invalidation });
      if (list.length > REMEMBERED * 2) list.splice(0, REMEMBERED);
    }
  }

  #judgeRead(read: Read): void {
    this.#judged++;
    if (this.#circumstances.isCalm(read.process, read.start)) this.#judgedCalm++;
    const { key, value } = read;
    if (value === undefined) return;
    if (value.key !== key) {
      this.#flag("P13", key, `${read.process} read ${key} and got a value of ${value.key}`, read.start);
      return;
    }
    this.#judgeAge(read);
    const forbidden = this.#forbidding(read, false);
    if (forbidden !== undefined) this.#violations.push(this.#stale(read, forbidden));
  }

  #forbidding(read: Read, isSoftCounted: boolean): Forbidden | undefined {
    const { process, key, start, value } = read;
    if (value === undefined) return undefined;
    for (const { version, invalidation } of this.#covered.get(key) ?? []) {
      if (version <= value.version || invalidation.end >= start) continue;
      if (invalidation.isSoft && !isSoftCounted) continue;
      if (this.#mayBeOverwritten(read, invalidation)) continue;
      const binding = bindingOf(invalidation, process, start, this.#circumstances, this.#limits);
      if (start > binding.from) return { version, invalidation, binding };
    }
    return undefined;
  }

  /** A `set` that was not over when the invalidation began may have come after it. */
  #mayBeOverwritten({ value }: Read, { start }: Invalidation): boolean {
    if (value === undefined || value.setBy === 0) return false;
    // Of one that its process did not live to report we know that it came before its end.
    const last = this.#sets.get(value.setBy) ?? this.#circumstances.endOf(value.madeBy) + this.#limits.lateMs;
    return last >= start;
  }

  /** P8. */
  #judgeAge(read: Read): void {
    const { start, lifeMs, value, process, key } = read;
    if (value === undefined || lifeMs === Infinity) return;
    const { storeMs, boundMs, turns } = this.#limits;
    const { loadedAt, madeBy } = value;
    const pauses = this.#circumstances.longestPause(process, loadedAt, start);
    const makersPauses = this.#circumstances.longestPause(madeBy, loadedAt, start);
    const lastUse = loadedAt + storeMs + lifeMs + boundMs + turns * (pauses + makersPauses);
    if (start <= lastUse) return;
    const age = Math.round(start - loadedAt);
    this.#flag("P8", key, `${process} read ${key} and got a value ${age} ms old, which may live ${lifeMs} ms`, start);
  }

  #stale(read: Read, { version, invalidation, binding }: Forbidden): Violation {
    const { process, key, start, value } = read;
    const { promise, from, reasons } = binding;
    const since = Math.round(start - from);
    const text =
      `${process} read ${key} and got version ${value?.version}, but version ${version} was due for ${since} ms: ` +
      `${describeEntry(invalidation)}${reasons.length > 0 ? ` (counted from later because ${reasons.join(", ")})` : ""}`;
    return { promise, key, text, lines: this.#journal.around(key, start, invalidation.start) };
  }

  #flag(promise: string, key: string, text: string, at: Instant): void {
    this.#violations.push({ promise, key, text, lines: this.#journal.around(key, at) });
  }
}

/** Judges a whole history. */
export function checkHistory(entries: Iterable<Entry>, limits: Limits): readonly Violation[] {
  const checker = new Checker(limits);
  for (const entry of entries) checker.add(entry);
  return checker.judge();
}
