// What `explain` says that a read would do is what a read then does: whatever has happened, in whatever order tiers are read.

import { describe, expect, test } from "vitest";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { missMessages } from "./explained.ts";
import { age, keyOf } from "./frames.ts";
import { heard, SHAPES_READING_REDIS, SharedWorld, type Pair } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

/** What is done to the key `k`, by the first process or behind the back of both, before the second one is asked. */
const SITUATIONS: Readonly<Record<string, (pair: Pair) => unknown>> = {
  nothing: () => undefined,
  "a value set by another process": ({ a }) => a.set("k", "v"),
  "a value that both have": async ({ a, b }) => {
    await a.set("k", "v");
    await b.get("k");
  },
  "a value that memory has not verified": async ({ a, b }) => {
    await a.set("k", "v");
    await b.get("k");
    await missMessages(world, b);
  },
  "a stale value": async ({ name, a }) => {
    await a.set("k", "v");
    await age(world.raw, keyOf(name, "k"), 61_000);
  },
  "an old value": async ({ name, a }) => {
    await a.set("k", "v");
    await age(world.raw, keyOf(name, "k"), 121_000);
  },
  "a value with a tag marked stale": async ({ a, b }) => {
    await a.set("k", "v", { tags: ["t"] });
    await b.get("k");
    await a.markTagsStale(["t"]);
    await heard(a, b);
  },
  "a value with a tag invalidated": async ({ a, b }) => {
    await a.set("k", "v", { tags: ["t"] });
    await b.get("k");
    await a.invalidateTags(["t"]);
    await heard(a, b);
  },
  "a cleared namespace": async ({ a, b }) => {
    await a.set("k", "v");
    await a.clearNamespace();
    await heard(a, b);
  },
  "a key marked stale": async ({ a, b }) => {
    await a.set("k", "v");
    await b.get("k");
    await a.markStale("k");
    await heard(a, b);
  },
  "a deleted key": async ({ a, b }) => {
    await a.set("k", "v");
    await b.get("k");
    await a.delete("k");
    await heard(a, b);
  },
  "bytes that are no entry": async ({ name, a }) => {
    await a.set("k", "v");
    await world.raw.set(keyOf(name, "k"), "what is this", "KEEPTTL");
  },
};

describe.each(SHAPES_READING_REDIS)("%s", (_shape, shape) => {
  test.each(Object.entries(SITUATIONS))("of %s says what a read then does", async (_name, make) => {
    const pair = await world.pair({ shape, staleIfError: 180_000 });
    const { b } = pair;
    await make(pair);
    const { outlook } = await b.explain("k");
    const served: string[] = [];
    for (const type of ["hit", "stale"] as const) b.on(type, ({ tier }) => void served.push(tier, type));
    const isThere = (await b.get("k")) !== undefined;
    expect(served).toEqual(outlook.isServed ? [outlook.tier, outlook.state === "fresh" ? "hit" : "stale"] : []);
    expect(isThere).toBe(outlook.isServed);
    const started: boolean[] = [];
    b.on("refreshStart", ({ background }) => void started.push(background));
    const given = await b.get("k", () => "new");
    expect(given).toBe(outlook.plan.startsWith("serve") ? "v" : "new");
    await waitUntil(() => started.length > 0 || outlook.plan === "serve", { what: "the refresh has begun" });
    expect(started).toEqual(outlook.plan === "serve" ? [] : [outlook.plan === "serveAndRefresh"]);
  });
});
