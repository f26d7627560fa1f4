// The bus on a real server: whatever loses a message leads to doubt, and back to being live without a restart.

import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/model/clock.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { FAULTS, type Fault } from "../support/redis/faults.ts";
import { startProxy } from "../support/redis/proxy.ts";
import { startRedis } from "../support/redis/server.ts";
import { timed } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { closeAll, DEAF, listen, openProcess, type Heard, type RedisProcess } from "./open.ts";
import { anotherLine, serverOfTests } from "./servers.ts";

forbidUnhandledRejections();

const { crash, hang, killClients, killSubscribers, readOnly, tooFewReplicas } = FAULTS;

const redis = serverOfTests();

async function live(
  options: { url?: string; divergenceLimit?: number; timeout?: number } = {},
): Promise<RedisProcess & Heard> {
  const process = openProcess("shop", { url: redis.server.url, ...options });
  const heard = await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { what: "the bus is live" });
  return { ...process, ...heard };
}

const liveAgain = ({ bus, log }: RedisProcess & Heard) =>
  waitUntil(() => bus.isLive && log.length >= 3, { deadlineMs: 10_000, what: `the bus is live again` });

const publish = (...messages: string[]): Promise<unknown> =>
  messages.reduce<Promise<unknown>>(
    (before, text) => before.then(() => redis.server.command("PUBLISH", "shop:bus", text)),
    Promise.resolve(),
  );

/** Waits until the bus has been seen to work well after now, in which time a gap would have been noticed. */
async function settled({ bus }: RedisProcess): Promise<void> {
  const now = bus.trustedUntil;
  await waitUntil(() => bus.trustedUntil > now + 400 || !bus.isLive, { what: "it has been seen to work again" });
}

test.each([
  ["a number that is left out", ["1 ghost 5 999999 s", "1 ghost 7 999999 s"]],
  ["a last message that is only followed up", ["1 ghost 5 999999 s", "1 ghost 6 999999 h"]],
  ["the first message of a new process", ["1 ghost 2 0 s"]],
])("doubts once when it misses %s", async (_what, texts) => {
  const bus = await live();
  await publish(...texts);
  await liveAgain(bus);
  expect(bus.log).toEqual(["live", "doubt: a message is missing", "live"]);
});

test("doubts nothing when messages only overtake each other, come twice, or are called off", async () => {
  const bus = await live();
  const numbers = ["5", "7", "8", "7", "6", "10", "9"];
  await publish(...numbers.map((number) => `1 ghost ${number} 999999 s`), "1 ghost 10 999999 h");
  await settled(bus);
  expect(bus.log).toEqual(["live"]);
});

test.each(["2 future 1 0 k - x", "what is this"])("doubts, and throws nothing, at the message %j", async (text) => {
  const bus = await live();
  await publish(text);
  await liveAgain(bus);
  expect(bus.log).toEqual(["live", "doubt: a message could not be read", "live"]);
});

test("doubts nothing when Redis refuses a script: the number of its message is called off", async () => {
  const [one, two] = [await live(), await live()];
  // Of a publisher that is new, the first numbers are not missed.
  await one.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => two.log.length === 2, { what: "the first message has come" });
  await redis.suffer(tooFewReplicas);
  await expect(one.authority.remove(freshKey("shop"), Infinity)).rejects.toMatchObject({ code: "refused" });
  await redis.heal();
  await one.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => two.log.length === 3, { what: "the message has come" });
  await settled(two);
  expect(two.log.map((entry) => typeof entry)).toEqual(["string", "object", "object"]);
});

test("makes others doubt when it does not know whether its message was published", async () => {
  const proxy = await startProxy({ port: redis.server.port });
  try {
    const [one, two] = [await live({ url: proxy.url, timeout: 1_000 }), await live()];
    await one.authority.remove(freshKey("shop"), Infinity);
    const stop = proxy.toServer.blackHole();
    await expect(one.authority.remove(freshKey("shop"), Infinity)).rejects.toMatchObject({ code: "unavailable" });
    stop();
    proxy.reset();
    await waitUntil(() => one.authority.remove(freshKey("shop"), Infinity), { what: "it is connected again" });
    await waitUntil(() => two.log.includes("doubt: a message is missing"), { what: "the other doubts" });
    await waitUntil(() => two.bus.isLive, { what: "the bus is live again" });
  } finally {
    await closeAll();
    await proxy.stop();
  }
});

test("is live for a user who may not ask the server who it is", async () => {
  // The client says on the console that it cannot ask either.
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await redis.server.command("ACL", "SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-info");
  const bus = await live({ url: redis.server.url.replace("redis://", "redis://limited:pw@") });
  await settled(bus);
  expect(bus.log).toEqual(["live"]);
  warn.mockRestore();
});

test("may be closed at any time, also while it connects", async () => {
  const process = openProcess("shop", { url: redis.server.url });
  const heard: string[] = [];
  const receiver = { ...DEAF, onLive: () => void heard.push("live") };
  const started = process.bus.start(receiver);
  await process.bus.close();
  await started;
  expect([process.bus.isLive, heard]).toEqual([false, []]);
  await process.authority.remove(freshKey("shop"), Infinity);
});

test.each<[string, Fault, RegExp]>([
  ["its connection is killed", killSubscribers, /connection was lost/],
  ["the connection for commands is killed", killClients, /connection was lost/],
  ["the server dies and comes back empty", crash, /connection was lost/],
  ["the server hangs", hang, /probe is late|did not come back/],
  ["the server becomes a replica", readOnly, /the server is a replica/],
  ["the server continues other data", anotherLine, /continues other data/],
])("P4 doubts when %s, and is live again afterwards", async (_name, fault, reason) => {
  // Nothing but time tells of a server that hangs; elsewhere a busy machine must not be taken for one.
  const bus = await live(fault === hang ? { divergenceLimit: 500, timeout: 100 } : {});
  const trustedUntil = bus.bus.trustedUntil;
  await redis.suffer(fault);
  await waitUntil(() => bus.log.length > 1, { what: "it doubts" });
  if (fault === hang || fault === crash) {
    expect(bus.bus.isLive).toBe(false);
    expect(bus.bus.trustedUntil).toBe(-Infinity);
    expect(systemClock.now()).toBeLessThan(trustedUntil + 2_000);
  }
  await redis.heal();
  await liveAgain(bus);
  expect(bus.log.slice(0, 3)).toEqual(["live", expect.stringMatching(reason), "live"]);
  const other = await live();
  await other.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => bus.log.some((entry) => typeof entry === "object"), { what: "messages come again" });
});

test("P4 is not trusted for longer than the limit when its messages are lost without a word", async () => {
  const proxy = await startProxy({ port: redis.server.port });
  try {
    const bus = await live({ url: proxy.url, divergenceLimit: 400, timeout: 100 });
    const stop = proxy.blackHole();
    const isOver = (): boolean => bus.bus.trustedUntil <= systemClock.now();
    const { tookMs } = await timed(() => waitUntil(isOver, { what: "it is not trusted any more" }));
    expect(tookMs).toBeLessThan(400 + 250);
    stop();
    proxy.reset();
    await liveAgain(bus);
    expect(bus.log[1]).toMatch(/^doubt/);
  } finally {
    await closeAll();
    await proxy.stop();
  }
});

test("becomes live when a server that was not there comes", async () => {
  const late = await startRedis();
  redis.atEnd(() => late.stop());
  await late.kill9();
  const process = openProcess("shop", { url: late.url, divergenceLimit: 200 });
  const heard = await listen(process.bus);
  expect([process.bus.isLive, heard.log]).toEqual([false, []]);
  await late.start();
  await waitUntil(() => process.bus.isLive, { deadlineMs: 10_000, what: "the bus is live" });
  expect(heard.log).toEqual(["live"]);
});

test("says the number of its last message once more, and then nothing while idle", async () => {
  const bus = await live();
  const connection = await redis.server.connect();
  await connection.send("CONFIG", "RESETSTAT");
  await bus.authority.remove(freshKey("shop"), Infinity);
  const published = async (): Promise<number> =>
    Number(/cmdstat_publish:calls=(\d+)/.exec(await redis.server.info("commandstats"))?.[1] ?? 0);
  // One by the script and one after it; the rest are probes, which only this process hears.
  await waitUntil(async () => (await published()) >= 2, { what: "the follow-up is published" });
  await settled(bus);
  connection.close();
  expect(bus.log).toEqual(["live", expect.objectContaining({ kind: "key" })]);
});
