// A peer: a process of its own with caches on the shared Redis, which does what the test asks.

import { assertNever } from "../../src/errors.ts";
import * as main from "../../src/index.ts";
import type { CacheEvent, TieredCacheManager } from "../../src/index.ts";
import * as redis from "../../src/redis/index.ts";
import { watchPauses } from "../support/timed.ts";
import { openCache } from "./open.ts";
import { sharedInstant } from "./protocol.ts";
import type { FromPeer, Loaded, Question, ToPeer, Watched } from "./protocol.ts";

const TOLD = ["busLive", "busLost", "pendingReplayed", "pendingLost"] as const;

interface Open {
  readonly cache: TieredCacheManager;
  readonly events: CacheEvent[];
  watching: { stop(): void; seen(): Watched } | undefined;
}

const caches = new Map<string, Open>();
const loads = new Map<number, (value: string) => void>();
let lastLoad = 0;

process.on("message", (message: ToPeer) => {
  if (message.kind === "loaded") {
    loads.get(message.id)?.(message.value);
    loads.delete(message.id);
  } else if (message.kind === "end") {
    process.exit();
  } else {
    void answer(message.id, message.question);
  }
});
tell({ kind: "ready" });

async function answer(id: number, question: Question): Promise<void> {
  try {
    tell({ kind: "answer", id, answer: await reply(question) });
  } catch (error) {
    tell({ kind: "answer", id, answer: undefined, error: error instanceof Error ? `${error.stack}` : String(error) });
  }
  if (question.what === "leave") process.disconnect();
}

async function reply(question: Question): Promise<unknown> {
  if (question.what === "open") return open(question.cache, openCache({ main, redis }, question.options));
  const opened = caches.get(question.cache);
  if (opened === undefined) throw new Error(`there is no cache ${question.cache}`);
  const { cache, events } = opened;
  switch (question.what) {
    case "call": {
      const verb = cache[question.verb] as (...args: readonly unknown[]) => unknown;
      return verb.apply(cache, [...question.args]);
    }
    case "load":
      return load(cache, question.key, question.callers);
    case "watch":
      opened.watching = watch(cache, question.key, question.old);
      return undefined;
    case "watched":
      opened.watching?.stop();
      return opened.watching?.seen();
    case "events":
      return events;
    case "leave":
      return question.close === undefined ? undefined : cache.close(question.close);
    default:
      return assertNever(question);
  }
}

function open(name: string, cache: TieredCacheManager): void {
  const events: CacheEvent[] = [];
  for (const type of TOLD) cache.on(type, (event) => events.push(event));
  caches.set(name, { cache, events, watching: undefined });
}

async function load(cache: TieredCacheManager, key: string, callers: number): Promise<Loaded> {
  const begunAt = performance.now();
  const values = await Promise.all(Array.from({ length: callers }, () => cache.get(key, () => fromSource(key))));
  return { values: [...new Set(values)], tookMs: performance.now() - begunAt };
}

function fromSource(key: string): Promise<string> {
  const id = ++lastLoad;
  return new Promise((resolve) => {
    loads.set(id, resolve);
    tell({ kind: "load", id, key });
  });
}

/** As a busy server would read: always again. What is missing is not refreshed, so that nothing but the cache is seen. */
function watch(cache: TieredCacheManager, key: string, old: string): NonNullable<Open["watching"]> {
  const watching = { isOver: false, reads: 0, lastOldAt: undefined as number | undefined };
  const readOn = async (): Promise<void> => {
    while (!watching.isOver) {
      const at = sharedInstant();
      // Closed: there is nothing more to see.
      const value = await cache.get(key).catch(() => void (watching.isOver = true));
      watching.reads++;
      if (value === old) watching.lastOldAt = at;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  };
  void readOn();
  const pauses = watchPauses();
  return {
    stop: () => void (watching.isOver = true),
    seen: () => ({ reads: watching.reads, lastOldAt: watching.lastOldAt, pauseMs: pauses() }),
  };
}

function tell(message: FromPeer): void {
  if (process.connected) process.send!(message, () => undefined);
}
