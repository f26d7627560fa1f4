// Caches opened from one plan: they share connections, and nothing else.

import { expect, test } from "vitest";
import type { RemoteTierPlan } from "../../src/contracts/remote.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { startProxy, type Proxy } from "../support/redis/proxy.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { FAULTS } from "../support/redis/faults.ts";
import { DEAF, listen, openFrom, planOf, type Heard, type RedisProcess } from "./open.ts";
import { serverOfTests } from "./servers.ts";

forbidUnhandledRejections();

const redis = serverOfTests();

type Listening = RedisProcess & Heard;

async function live(plan: RemoteTierPlan, root: string): Promise<Listening> {
  const process = openFrom(plan, root);
  const heard = await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { what: "the bus is live" });
  return { ...process, ...heard };
}

/** Counts connections: nothing else goes through it. */
async function aProxy(): Promise<Proxy> {
  const proxy = await startProxy({ port: redis.server.port });
  redis.atEnd(() => proxy.stop());
  return proxy;
}

const words = ({ log }: Heard): unknown[] => log.filter((entry) => typeof entry === "string");
const messages = ({ log }: Heard): unknown[] => log.filter((entry) => typeof entry === "object");
const channels = async (): Promise<unknown> => redis.server.command("PUBSUB", "CHANNELS", "*:bus");

test("two connections serve them all, and each hears only what is said of itself", async () => {
  const proxy = await aProxy();
  const plan = planOf({ url: proxy.url });
  const caches = await Promise.all(["one", "two", "three"].map((root) => live(plan, root)));
  const keys = ["one", "two", "three"].map(freshKey);
  await Promise.all(caches.map((cache, index) => cache.authority.remove(keys[index] ?? "", Infinity)));
  for (const [index, cache] of caches.entries()) {
    await waitUntil(() => messages(cache).length > 0, { what: "the message has come" });
    expect([words(cache), messages(cache)]).toEqual([
      ["live"],
      [{ kind: "key", fullKey: keys[index], version: undefined }],
    ]);
    expect(cache.own).toEqual([true]);
  }
  expect(proxy.accepted).toBe(2);
});

test("plans of their own share nothing", async () => {
  const proxy = await aProxy();
  await Promise.all(["one", "two"].map((root) => live(planOf({ url: proxy.url }), root)));
  expect(proxy.accepted).toBe(4);
});

test("one that is closed refuses, and does not disturb the others; the last one ends the connections", async () => {
  const proxy = await aProxy();
  const plan = planOf({ url: proxy.url });
  const [one, two] = [await live(plan, "one"), await live(plan, "two")];
  await one.close();
  await one.close();
  await one.tier.close();
  await expect(one.tier.get(freshKey("one"))).rejects.toMatchObject({ code: "closed" });
  await waitUntil(async () => String(await channels()) === "two:bus", { what: "nobody listens for the closed one" });
  const trusted = two.bus.trustedUntil;
  await waitUntil(() => two.bus.trustedUntil > trusted + 400, { what: "the other's bus has been seen to work" });
  await two.authority.remove(freshKey("two"), Infinity);
  await waitUntil(() => messages(two).length > 0, { what: "the message has come" });
  expect([words(two), two.reconnects, proxy.open, proxy.accepted]).toEqual([["live"], [], 2, 2]);
  await two.close();
  await waitUntil(() => proxy.open === 0, { what: "the connections are closed" });
  expect([words(one), words(two), two.reconnects]).toEqual([["live"], ["live"], []]);
});

test("one that is closed is told no more of what happens to the connections", async () => {
  const plan = planOf({ url: redis.server.url });
  const [one, two] = [await live(plan, "one"), await live(plan, "two")];
  await one.close();
  await redis.suffer(FAULTS.killClients);
  await waitUntil(() => two.reconnects.length === 1 && two.bus.isLive, { what: "the other is connected again" });
  expect([one.reconnects, one.log]).toEqual([[], ["live"]]);
});

test("a plan can be opened again after the last one was closed", async () => {
  const proxy = await aProxy();
  const plan = planOf({ url: proxy.url });
  await (await live(plan, "one")).close();
  const again = await live(plan, "one");
  expect(await again.tier.get(freshKey("one"))).toBeUndefined();
  expect(proxy.accepted).toBe(4);
  await Promise.all([again.close(), live(plan, "two").then((two) => two.close())]);
  await waitUntil(() => proxy.open === 0, { what: "the connections are closed" });
});

test("two of the same name go on listening when one of them is closed", async () => {
  const plan = planOf({ url: redis.server.url });
  const [one, two] = [await live(plan, "shop"), await live(plan, "shop")];
  await one.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => messages(two).length > 0, { what: "the message has come" });
  expect(two.own).toEqual([false]);
  await one.close();
  await two.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => messages(two).length > 1, { what: "its own message has come" });
  expect(words(two)).toEqual(["live"]);
});

test("P4 a lost subscription is doubt for all of them, and one connection brings all back", async () => {
  const proxy = await aProxy();
  const plan = planOf({ url: proxy.url });
  const caches = await Promise.all(["one", "two", "three"].map((root) => live(plan, root)));
  await redis.suffer(FAULTS.killSubscribers);
  for (const cache of caches) {
    await waitUntil(() => cache.log.length >= 3, { what: "it is live again" });
    expect(cache.log).toEqual(["live", "doubt: its connection was lost", "live"]);
    expect(cache.reconnects).toEqual([]);
  }
  expect([proxy.open, proxy.accepted]).toEqual([2, 3]);
});

test("one may be closed while all of them connect", async () => {
  const plan = planOf({ url: redis.server.url });
  const [one, two] = [openFrom(plan, "one"), openFrom(plan, "two")];
  const started = Promise.all([one.bus.start(DEAF), two.bus.start(DEAF)]);
  await one.close();
  await started;
  await waitUntil(() => two.bus.isLive, { what: "the other is live" });
  expect(await channels()).toEqual(["two:bus"]);
});

test("one that may not subscribe does not disturb the others", async () => {
  await redis.server.command("ACL", "SETUSER", "some", "on", ">pw", "~*", "resetchannels", "&two:*", "+@all");
  const plan = planOf({ url: redis.server.url.replace("redis://", "redis://some:pw@") });
  const two = await live(plan, "two");
  const one = openFrom(plan, "one");
  const heard = await listen(one.bus);
  // Its tries go on meanwhile.
  await waitUntil(() => heard.probes.length >= 3, { what: "its probes are refused" });
  expect([one.bus.isLive, heard.log, words(two)]).toEqual([false, [], ["live"]]);
  expect(new Set(heard.probes)).toEqual(new Set([true]));
});
