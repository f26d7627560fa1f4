// Keeps what happened of late to each key, for whoever has to understand a violation.

import { assertNever } from "../../src/errors.ts";
import type { Entry, Instant } from "./entries.ts";

const KEPT = 600;
const BEFORE_MS = 2_500;
const AFTER_MS = 100;
const MOST_LINES = 60;
const WORTH_NOTING_MS = 60;

/** The last entries of each key, and those that concern all. */
export class Journal {
  readonly #ofKey = new Map<string, Entry[]>();
  #common: Entry[] = [];

  add(entry: Entry): void {
    // There are too many of them.
    if (entry.kind === "pause" && entry.to - entry.from < WORTH_NOTING_MS) return;
    for (const key of keysOf(entry)) {
      const list = this.#ofKey.get(key) ?? [];
      this.#ofKey.set(key, list);
      list.push(entry);
      if (list.length > KEPT * 2) list.splice(0, KEPT);
    }
    if (isCommon(entry)) this.#common.push(entry);
  }

  /** The lines around an instant, in order, and those around what was `due` then. Of many, those close by. */
  around(key: string, at: Instant, due: Instant = at): readonly string[] {
    const all = [...(this.#ofKey.get(key) ?? []), ...this.#common];
    const near = (instant: Instant): Entry[] =>
      all
        .filter((entry) => endOf(entry) >= instant - BEFORE_MS && startOf(entry) <= instant + AFTER_MS)
        .sort((one, other) => startOf(one) - startOf(other))
        .slice(-MOST_LINES / 2);
    return [...new Set([...near(due), ...near(at)])]
      .sort((one, other) => startOf(one) - startOf(other))
      .map((entry) => `${(startOf(entry) - at).toFixed(1).padStart(8)} ms  ${describeEntry(entry)}`);
  }

  /** The last lines of a key. */
  latest(key: string): readonly string[] {
    return (this.#ofKey.get(key) ?? [])
      .slice(-MOST_LINES)
      .map((entry) => `${startOf(entry).toFixed(1)} ${describeEntry(entry)}`);
  }

  /** Forgets common entries that lie before this. */
  forgetBefore(instant: Instant): void {
    this.#common = this.#common.filter((entry) => endOf(entry) >= instant);
  }
}

/** An entry in words. */
export function describeEntry(entry: Entry): string {
  switch (entry.kind) {
    case "began":
      return `${entry.process} began`;
    case "ended":
      return `${entry.process} ended`;
    case "commit":
      return `${entry.process} committed version ${entry.version} of ${entry.key}`;
    case "invalidation": {
      const covered = entry.covers.length === 1 ? entry.covers[0]![0] : `${entry.covers.length} keys`;
      const took = Math.round(entry.end - entry.start);
      return `${entry.process}: ${entry.verb} of ${covered} was ${entry.outcome} after ${took} ms`;
    }
    case "read":
      return `${entry.process} read ${describeValue(entry.value)} within ${(entry.end - entry.start).toFixed(1)} ms`;
    case "failed read":
      return `${entry.process} could not read ${entry.key}: ${entry.message}`;
    case "pause":
      return `${entry.process ?? "the coordinator"} stood still for ${Math.round(entry.to - entry.from)} ms`;
    case "fault":
      return `fault ${entry.id}, ${entry.name}, of ${entry.process ?? "all"}`;
    case "healed":
      return `fault ${entry.id} was over`;
    default:
      return assertNever(entry);
  }
}

function describeValue(value: Extract<Entry, { kind: "read" }>["value"]): string {
  if (value === undefined) return "nothing";
  const origin = value.setBy === 0 ? "refreshed" : "set";
  return `version ${value.version} (${origin} by ${value.madeBy} at ${value.loadedAt.toFixed(1)})`;
}

function keysOf(entry: Entry): readonly string[] {
  if (entry.kind === "invalidation") return entry.covers.map(([key]) => key);
  return entry.kind === "read" || entry.kind === "commit" ? [entry.key] : [];
}

function isCommon({ kind }: Entry): boolean {
  return kind === "fault" || kind === "healed" || kind === "began" || kind === "ended" || kind === "pause";
}

function startOf(entry: Entry): Instant {
  if ("start" in entry) return entry.start;
  return "from" in entry ? entry.from : entry.at;
}

function endOf(entry: Entry): Instant {
  if ("end" in entry) return entry.end;
  return entry.kind === "pause" ? entry.to : startOf(entry);
}
