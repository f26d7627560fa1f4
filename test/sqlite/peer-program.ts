// Another process, or thread, with a cache on a SQLite file, which does what the test asks.

import { parentPort } from "node:worker_threads";
import { memoryTier, TieredCacheManager } from "../../src/index.ts";
import { sqliteTier } from "../../src/sqlite/index.ts";
import { assertNever } from "../../src/errors.ts";
import { watchPauses } from "../support/timed.ts";
import type { FromPeer, OpenOptions, Question, ToPeer, Watched } from "./peer.ts";

const loads = new Map<number, (value: string) => void>();
let lastLoad = 0;
let cache: TieredCacheManager | undefined;
let watching: { isOver: boolean; reads: number; lastOldAt: number | undefined; pauses: () => number } | undefined;

const tell = (message: FromPeer): void => {
  if (parentPort !== null) parentPort.postMessage(message, []);
  else if (process.connected) process.send?.(message, () => undefined);
};

const hear = (message: ToPeer): void => {
  if (message.kind === "ask") return void answer(message.id, message.question);
  loads.get(message.id)?.(message.value);
  loads.delete(message.id);
};
(parentPort ?? process).on("message", hear);
tell({ kind: "ready" });

async function answer(id: number, question: Question): Promise<void> {
  try {
    tell({ kind: "answer", id, answer: await reply(question), error: undefined });
  } catch (error) {
    tell({ kind: "answer", id, answer: undefined, error: error instanceof Error ? `${error.stack}` : String(error) });
  }
  if (question.what === "leave") {
    parentPort?.close();
    if (process.connected && parentPort === null) process.disconnect();
  }
}

async function reply(question: Question): Promise<unknown> {
  if (question.what === "open") return open(question.options);
  if (cache === undefined) throw new Error("no cache is open");
  switch (question.what) {
    case "call": {
      const verb = cache[question.verb] as (...args: readonly unknown[]) => unknown;
      return verb.apply(cache, [...question.args]);
    }
    case "load":
      return load(cache, question.key, question.callers, question.tags);
    case "flood":
      return void flood(cache, question.keys);
    case "watch":
      return watch(cache, question.key, question.old);
    case "watched":
      return watched();
    case "close":
      return cache.close();
    case "leave":
      return question.closes ? cache.close() : undefined;
    default:
      return assertNever(question);
  }
}

function open({ name, sqlite, clockOffsetMs, ...rest }: OpenOptions): void {
  const clock = clockOffsetMs === undefined ? {} : { clock: wrongClock(clockOffsetMs) };
  cache = new TieredCacheManager({ name, ttl: 60_000, ...rest, ...clock, tiers: [memoryTier(), sqliteTier(sqlite)] });
}

/** The clock of a process whose wall clock was wrong when it started. */
function wrongClock(offsetMs: number) {
  return {
    now: () => performance.timeOrigin + performance.now() + offsetMs,
    schedule(delayMs: number, task: () => void, keepAlive = false) {
      if (delayMs === Infinity) return () => undefined;
      const timer = setTimeout(task, delayMs);
      if (!keepAlive) timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

async function load(
  from: TieredCacheManager,
  key: string,
  callers: number,
  tags: readonly string[],
): Promise<readonly string[]> {
  const one = (): Promise<string> => from.get(key, () => fromSource(key), { tags });
  const values = await Promise.all(Array.from({ length: callers }, one));
  return [...new Set(values)];
}

function fromSource(key: string): Promise<string> {
  const id = ++lastLoad;
  return new Promise((resolve) => {
    loads.set(id, resolve);
    tell({ kind: "load", id, key });
  });
}

/** Writes pairs of keys, always both the same, as fast as it can, until it is ended. */
async function flood(to: TieredCacheManager, keys: number): Promise<void> {
  for (let round = 1; ; round++) {
    const value = `${round} ${"x".repeat(500)}`;
    await Promise.all(Array.from({ length: keys }, (_, index) => to.set(`flood${index}`, value)));
    if (round === 3) tell({ kind: "flooding" });
  }
}

/** What it has seen so far. */
function watched(): Watched {
  if (watching === undefined) throw new Error("nothing is watched");
  const { reads, lastOldAt, pauses } = watching;
  return { reads, lastOldAt, pauseMs: pauses() };
}

/** Reads by turns of the event loop, and notes when it saw the old value last. */
function watch(from: TieredCacheManager, key: string, old: string): void {
  if (watching !== undefined) {
    watching.isOver = true;
    watching.pauses();
  }
  const seen = { isOver: false, reads: 0, lastOldAt: undefined as number | undefined, pauses: watchPauses() };
  watching = seen;
  const readOn = async (): Promise<void> => {
    while (!seen.isOver) {
      const at = Number(process.hrtime.bigint()) / 1e6;
      const value = await from.get(key).catch(() => void (seen.isOver = true));
      seen.reads++;
      if (value === old) seen.lastOldAt = at;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  void readOn();
}
