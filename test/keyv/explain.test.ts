// `explain` on stores of Keyv: what they hold and why, and that nothing is written to them by it.

import { describe, expect, test } from "vitest";
import { deferred } from "../support/deferred.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { MATRIX, openOn } from "./caches.ts";
import { undoAfterEach } from "./stores.ts";

forbidUnhandledRejections();
undoAfterEach();

describe.each(MATRIX)("%s", (_name, make, memory) => {
  test("shows what another cache has stored, what ended it, and who refreshes it", async () => {
    const store = make();
    const [a, b] = [openOn(store(), { memory }), openOn(store(), { memory })];
    await a.set("k", "v", { tags: ["shoes"] });
    const shared = async () => (await b.explain("k")).tiers.at(-1);
    expect(await shared()).toMatchObject({
      ...{ tier: "keyv", presence: "present", reasons: ["fresh for another 60 s"] },
      entry: { state: "fresh", isTrusted: true, tags: ["shoes"], payload: { codec: { name: "msgpack" } } },
    });
    await a.invalidateTags(["shoes"]);
    expect((await shared())?.reasons[0]).toMatch(/^tag shoes was invalidated since it was made, \d+ ms ago$/);
    const gate = deferred<string>();
    const loading = a.get("k", () => gate.promise);
    await waitUntil(async () => (await a.explain("k")).lease.holder === "this process", { what: "it has the lease" });
    gate.resolve("w");
    await loading;
    expect(await b.explain("k")).toMatchObject({ lease: { holder: "nobody" }, bus: { isLive: false } });
  });

  test("makes no epochs", async () => {
    const cache = openOn(make()(), { memory });
    expect((await cache.explain("k")).outlook.plan).toBe("refresh");
    await cache.set("k", "v");
    const [first] = (await cache.explain("k")).tiers.at(-1)?.entry?.epochs ?? [];
    expect(first).toMatchObject({ kind: "root", change: "none" });
  });
});

test("writes nothing to a store", async () => {
  const store = new Map<string, unknown>();
  const cache = openOn(store);
  await cache.explain("k", { namespace: "n" });
  expect(store.size).toBe(0);
  await cache.set("k", "v", { namespace: "n" });
  const before = [...store];
  await cache.explain("k", { namespace: "n" });
  expect([...store]).toEqual(before);
});
