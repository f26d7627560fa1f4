// Events as lines of a log: what was decided, and why, each in one line.

import { CacheError, show } from "../errors.ts";
import type { CacheEvent, CacheEventOf, CacheEventType, NotStoredReason, Verified } from "../model/event.ts";
import { LOG_LEVELS, type Logger, type LogLevel } from "../model/log.ts";
import { EVENT_TYPES } from "./event-types.ts";
import type { Listeners } from "./events.ts";

type Line<T extends CacheEventType> = readonly [Exclude<LogLevel, "silent">, (event: CacheEventOf<T>) => string];

/** Why a result was not stored, in words. */
const NOT_STORED: Readonly<Record<NotStoredReason, string>> = {
  invalidated: "an invalidation has overtaken it",
  undefined: "it is undefined",
  skipped: "the refresh said so",
  invalid: "validate refused it",
  "no-lifetime": "its lifetimes are zero",
  "too-large": "memory has no room for it",
  "tier-skipped": "the call skips the tier",
  "unknown-tag": "a tag it named is too new to be sure of",
};

/** What became of a copy that was verified, in words. */
const VERIFIED: Readonly<Record<Verified, string>> = {
  confirmed: "used, because the authority still holds it",
  replaced: "replaced, because the authority holds another value",
  gone: "not used, because the authority holds nothing that may be",
};

const LINES: { readonly [T in CacheEventType]: Line<T> } = {
  hit: ["debug", (event) => `hit ${nameOf(event)}: fresh in ${event.tier}`],
  stale: ["debug", (event) => `stale hit ${nameOf(event)}: given from ${event.tier}, to be refreshed behind`],
  rescue: [
    "warn",
    (event) => `rescue ${nameOf(event)}: an old value from ${event.tier}, because ${textOf(event.error)}`,
  ],
  miss: ["debug", (event) => `miss ${nameOf(event)}: no tier had a value that may be used`],
  refreshStart: ["debug", (event) => `refresh ${nameOf(event)} begins${where(event)}`],
  refreshEnd: ["debug", refreshEnd],
  refreshFail: ["warn", refreshFail],
  refreshRefused: ["warn", (event) => `refresh ${nameOf(event)} put off: too many wait; the stale value was given`],
  fillRejected: ["debug", (event) => `result of ${nameOf(event)} dropped: an invalidation has overtaken its refresh`],
  invalid: ["warn", (event) => `value of ${nameOf(event)} not cached: ${event.reason}`],
  set: ["debug", (event) => `set ${nameOf(event)}`],
  evict: ["debug", (event) => `evicted ${nameOf(event)} from ${event.tier}: no room`],
  invalidate: ["debug", invalidate],
  tierError: ["warn", ({ tier, operation, error }) => `${tier} failed at ${operation}: ${textOf(error)}`],
  breaker: ["warn", ({ tier, server, state, reason }) => `breaker of ${tier} for ${server} is ${state}: ${reason}`],
  busLost: ["warn", ({ tier, reason }) => `bus of ${tier} is not live: ${reason}; copies are verified before use`],
  busLive: ["info", ({ tier }) => `bus of ${tier} is live: copies made from now on are trusted`],
  busGap: ["warn", busGap],
  suspectVerified: ["debug", (event) => `suspect copy of ${nameOf(event)} in ${event.tier} ${VERIFIED[event.outcome]}`],
  pendingReplayed: ["info", ({ tier, count }) => `${count} invalidations done again in ${tier}`],
  pendingLost: ["error", ({ tier, count }) => `closed before ${tier} had got ${count} invalidations: they are lost`],
  damagedFrame: ["warn", (event) => `bytes of ${nameOf(event)} in ${event.tier} are no entry: ${event.reason}`],
  listenerError: ["error", ({ error, event }) => `a listener of ${event.type} failed: ${textOf(error)}`],
};

/** Writes the events of a cache from `level` up. Events below are not even made. @param cache its name */
export function logEvents(listeners: Listeners, cache: string, logger: Logger, level: LogLevel): void {
  for (const type of EVENT_TYPES) {
    const [ownLevel, lineOf] = LINES[type] as Line<CacheEventType>;
    if (LOG_LEVELS.indexOf(ownLevel) < LOG_LEVELS.indexOf(level)) continue;
    const write = writerOf(logger, ownLevel);
    listeners.add(type, (event: CacheEvent) => write(fieldsOf(cache, event), oneLine(cache, lineOf(event))));
  }
}

/** An error stands under `err`, where loggers look for one: under any other name they write `{}` of it. */
function fieldsOf(cache: string, event: CacheEvent): Fields {
  if (!("error" in event)) return { cache, ...event };
  const { error, ...others } = event;
  return { cache, ...others, err: error };
}

interface Fields {
  readonly cache: string;
  readonly err?: unknown;
}

/**
 * How a line is written. The console would print the fields in front of it, over many lines, and it says all that they do but
 * for the stack of what has failed in the user's own code.
 */
function writerOf(logger: Logger, level: Exclude<LogLevel, "silent">): (fields: Fields, line: string) => void {
  if (logger !== globalThis.console) return (fields, line) => logger[level](fields, line);
  return ({ err }, line) => {
    if (err === undefined || err instanceof CacheError) console[level](line);
    else console[level](line, err);
  };
}

/** Keys and errors may have been written by anybody: they must not be able to begin a line of the log. */
function oneLine(cache: string, text: string): string {
  return `freshtier ${cache}: ${text}`.replaceAll(/\s*[\r\n]+\s*/g, " ");
}

function refreshEnd(event: CacheEventOf<"refreshEnd">): string {
  const { notStored, durationMs } = event;
  const outcome = notStored === undefined ? "stored" : `not stored, because ${NOT_STORED[notStored]}`;
  return `refresh ${nameOf(event)} took ${durationMs} ms${where(event)}: ${outcome}`;
}

function refreshFail(event: CacheEventOf<"refreshFail">): string {
  const next = event.retryAt === undefined ? "" : "; the old value is given for a while before the next try";
  return `refresh ${nameOf(event)} failed${where(event)}: ${textOf(event.error)}${next}`;
}

function invalidate({ target, name, namespace, soft, remote }: CacheEventOf<"invalidate">): string {
  const what = target === "all" ? "everything" : target === "key" ? nameOf({ key: name ?? "", namespace }) : target;
  const named = target === "tag" || target === "namespace" ? `${what} ${name ?? "(default)"}` : what;
  return `${soft ? "marked stale" : "invalidated"} ${named}${remote ? ", by another process" : ""}`;
}

function busGap({ tier, missing, reason }: CacheEventOf<"busGap">): string {
  const what =
    missing === undefined ? "messages, nobody knows how many" : missing === 1 ? "1 message" : `${missing} messages`;
  return `bus of ${tier} has missed ${what}: ${reason}`;
}

function nameOf({ key, namespace }: { readonly key: string; readonly namespace: string | undefined }): string {
  return namespace === undefined ? key : `${key} of ${namespace}`;
}

function where({ background }: { readonly background: boolean }): string {
  return background ? " in the background" : "";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : show(error);
}
