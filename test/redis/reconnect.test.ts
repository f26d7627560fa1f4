// What the tier tells its cache of Redis: that it may be another one now, and whether it answers.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { RedisClientLike } from "../../src/redis/connection.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FAULTS, type Fault } from "../support/redis/faults.ts";
import { freePort } from "../support/redis/free-port.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { DEAF, listen, openFrom, openProcess, planOf } from "./open.ts";
import { anotherLine, serverOfTests } from "./servers.ts";

forbidUnhandledRejections();

const redis = serverOfTests();
const { hang, killClients, killSubscribers, readOnly } = FAULTS;

test.each<[string, Fault, RegExp[]]>([
  ["its connection is killed", killClients, [/connected again/]],
  ["the server continues other data", anotherLine, [/continues other data/]],
  ["the server becomes a replica", readOnly, [/is a replica/, /connected again/]],
])("tells every cache that uses it when %s", async (_name, fault, reasons) => {
  const plan = planOf({ url: redis.server.url });
  const caches = [openFrom(plan, "one"), openFrom(plan, "two")];
  await Promise.all(caches.map(({ bus }) => listen(bus)));
  await Promise.all(caches.map((cache) => waitUntil(() => cache.bus.isLive, { what: "the bus is live" })));
  expect(caches.map(({ reconnects }) => reconnects)).toEqual([[], []]);
  await redis.suffer(fault);
  for (const { reconnects } of caches) {
    await waitUntil(() => reconnects.length >= reasons.length, { what: "it is told" });
    expect(reconnects.slice(0, reasons.length)).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  }
});

test("tells it of a refusal as a replica too, although no bus asks who the server is", async () => {
  const process = openProcess("shop", { url: redis.server.url });
  await process.authority.remove(freshKey("shop"), Infinity);
  await redis.suffer(readOnly);
  await expect(process.authority.remove(freshKey("shop"), Infinity)).rejects.toMatchObject({ code: "unavailable" });
  expect(process.reconnects).toEqual(["the server is a replica"]);
});

test("tells it nothing when only a subscription is lost, and nothing after it was closed", async () => {
  const process = openProcess("shop", { url: redis.server.url });
  const heard = await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { what: "the bus is live" });
  await redis.suffer(killSubscribers);
  await waitUntil(() => heard.log.length >= 3, { what: "it is live again" });
  await process.close();
  expect(process.reconnects).toEqual([]);
});

test("R9 does not know a server again that may not tell who it is", async () => {
  const { server } = redis;
  await server.command("ACL", "SETUSER", "mute", "on", ">secret", "~*", "&*", "+@all", "-info");
  redis.atEnd(() => server.command("ACL", "DELUSER", "mute"));
  const { host, port } = server;
  const mute = openProcess("shop", { host, port, username: "mute", password: "secret" });
  const other = openProcess("shop", { url: server.url });
  expect([await mute.authority.identity(), await other.authority.identity()]).toEqual([undefined, expect.any(String)]);
  // It is asked often who it is, and may go on not telling.
  await listen(mute.bus);
  await waitUntil(() => mute.bus.isLive, { what: "the bus is live" });
  expect(mute.reconnects).toEqual([]);
});

/** A client of a user that says when it is connected, and counts what it is asked. */
class Puppet extends EventEmitter {
  status = "ready";
  asked = 0;
  readonly options = {};

  getBuffer(): Promise<null> {
    this.asked++;
    return Promise.resolve(null);
  }

  evalshaBuffer(): Promise<never> {
    return Promise.reject(new Error("a puppet runs no scripts"));
  }

  duplicate(): never {
    throw new Error("a puppet is the only one");
  }
}

test("R10 tells every cache before a command can go to whoever is there now, however early one is tried", async () => {
  const puppet = new Puppet();
  const plan = planOf({ client: puppet as unknown as RedisClientLike });
  const caches = [openFrom(plan, "one"), openFrom(plan, "two")];
  const ask = () => Promise.allSettled(caches.map(({ tier }) => tier.get(freshKey("shop"))));
  await ask();
  puppet.status = "close";
  puppet.emit("close");
  // A client's status is ahead of its event, and other code may run between the two.
  puppet.status = "ready";
  const early = await ask();
  expect([puppet.asked, early.map(({ status }) => status)]).toEqual([2, ["rejected", "rejected"]]);
  puppet.emit("ready");
  expect(caches.map(({ reconnects }) => reconnects.length)).toEqual([1, 1]);
  await ask();
  expect(puppet.asked).toBe(4);
});

/** A cluster whose client is redirected by the next command: that adds a primary, without an event. */
class PuppetCluster extends Puppet {
  readonly isCluster = true;
  readonly #primaries = [this.#primary(1)];

  nodes(): readonly object[] {
    return this.#primaries;
  }

  override getBuffer(): Promise<null> {
    this.#primaries.push(this.#primary(2));
    return super.getBuffer();
  }

  #primary(port: number): object {
    return Object.assign(new EventEmitter(), { status: "ready", options: { host: "h", port } });
  }
}

test("R10 takes no answer to a command that the client let itself be redirected with, and tells of it", async () => {
  const plan = planOf({ client: new PuppetCluster() as unknown as RedisClientLike });
  const caches = [openFrom(plan, "one"), openFrom(plan, "two")];
  await expect(caches[0]?.tier.get(freshKey("one"))).rejects.toThrow("changed its connection while it answered");
  for (const { reconnects } of caches) expect(reconnects).toEqual(["the cluster has other primaries"]);
});

test("R10 tells every cache before any bus acts on it", async () => {
  const order: string[] = [];
  const plan = planOf({ url: redis.server.url });
  const caches = ["one", "two"].map((root) => openFrom(plan, root, () => void order.push("told")));
  for (const { bus } of caches) await bus.start({ ...DEAF, onDoubt: () => void order.push("doubt") });
  await Promise.all(caches.map(({ bus }) => waitUntil(() => bus.isLive, { what: "the bus is live" })));
  await redis.suffer(anotherLine);
  await waitUntil(() => order.length >= 4, { what: "both doubt" });
  expect(order).toEqual(["told", "told", "doubt", "doubt"]);
});

test.each([
  ["by default", {}],
  ["with half the limit", { divergenceLimit: 1_000 }],
])(
  "P10 says that probes fail while Redis hangs, five times before its copies are trusted no longer, %s",
  async (_, options) => {
    const clock = new FakeClock();
    const process = openProcess("shop", { url: redis.server.url, timeout: 100, ...options }, clock);
    const heard = await listen(process.bus);
    await waitUntil(() => heard.probes.length > 0 && process.bus.isLive, { what: "a probe is answered" });
    expect(heard.probes).not.toContain(false);
    await redis.suffer(hang);
    const hasFailed = (): boolean => heard.probes.filter((answered) => !answered).length >= 5;
    while (!hasFailed() && process.bus.trustedUntil > clock.now()) await clock.advance(25);
    expect([hasFailed(), process.bus.isLive, heard.log]).toEqual([true, true, ["live"]]);
    await redis.heal();
    const isAnswered = async (): Promise<boolean> => {
      await clock.advance(5);
      return heard.probes.at(-1) === true;
    };
    await waitUntil(isAnswered, { what: "a probe is answered again" });
  },
);

test("P10 says soon that Redis answers again, although the bus cannot become live", async () => {
  await redis.server.command("ACL", "SETUSER", "mute", "on", ">pw", "~*", "&*", "+@all", "-subscribe");
  const process = openProcess("shop", { url: redis.server.url.replace("redis://", "redis://mute:pw@"), timeout: 100 });
  const heard = await listen(process.bus);
  const isLast = (answered: boolean) => () => heard.probes.at(-1) === answered;
  await waitUntil(isLast(true), { what: "a probe is answered" });
  await redis.suffer(hang);
  await waitUntil(isLast(false), { what: "a probe fails" });
  await redis.heal();
  await waitUntil(isLast(true), { what: "a probe is answered again" });
  expect([process.bus.isLive, heard.log]).toEqual([false, []]);
});

test("P10 says that probes fail when there is no connection at all", async () => {
  const process = openProcess("shop", { host: "127.0.0.1", port: await freePort() });
  const heard = await listen(process.bus);
  await waitUntil(() => heard.probes.length >= 2, { what: "probes fail" });
  expect([new Set(heard.probes), heard.log]).toEqual([new Set([false]), []]);
});
