// Every fault shows its effect, and its undo restores the server.

import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import * as faults from "../support/redis/faults.ts";
import type { RedisServer } from "../support/redis/redis-server.ts";
import { openConnection } from "../support/redis/resp-connection.ts";
import { startRedis } from "../support/redis/server.ts";
import { waitUntil } from "../support/wait-until.ts";
import { connect, failure, settledWithin } from "./connect.ts";

const { FAULTS, ...named } = faults;
type FaultName = keyof typeof FAULTS;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis({ password: "secret", appendonly: true });
});
afterAll(async () => {
  await redis.stop();
});
beforeEach(async () => {
  await redis.command("FLUSHALL");
  await redis.command("SET", "key", "value");
});

/** What a client finds with one read and one write: the value, or how they failed. `silence` is no answer in time. */
interface Found<T> {
  readonly read: T;
  readonly write: T;
}

const SILENCE = /^silence/;
/** How long it takes to be sure that nothing comes. */
const SILENCE_MS = 60;
/** What comes may take its time on a busy machine. */
const ANSWER_MS = 5_000;
/** The one fault that ends by itself, after as long as a busy machine may need to notice it. */
const SLEEP_MS = 1_000;
const ANSWERS: Found<RegExp> = { read: /./, write: /./ };

async function probe(client: Redis, expected: Found<RegExp> = ANSWERS): Promise<Found<string>> {
  const [read, write] = await Promise.all([
    outcome(client.get("key"), expected.read),
    outcome(client.incr("count"), expected.write),
  ]);
  return { read, write };
}

async function outcome(reply: Promise<unknown>, expected: RegExp): Promise<string> {
  const answer = reply.then(String, (error: unknown) => String(error).replace(/^\w*Error: /, ""));
  const deadlineMs = expected === SILENCE ? SILENCE_MS : ANSWER_MS;
  return waitUntil(() => answer, { deadlineMs, what: "it answers" }).catch(() => "silence");
}

/** Fresh, so that it is as surprised as a client that begins during the fault; impatient, so that it does not hang. */
async function probeAfresh(): Promise<Found<string>> {
  const client = await connect(redis, { enableReadyCheck: false }).catch(() => undefined);
  return client === undefined ? { read: "no connection", write: "no connection" } : probe(client);
}

const EFFECTS: [FaultName, Found<RegExp>][] = [
  ["hang", { read: SILENCE, write: SILENCE }],
  ["pauseAll", { read: SILENCE, write: SILENCE }],
  ["pauseWrites", { read: /^value/, write: SILENCE }],
  ["sleep", { read: SILENCE, write: SILENCE }],
  ["memoryFull", { read: /^value/, write: /^OOM / }],
  ["tooFewReplicas", { read: /^value/, write: /^NOREPLICAS / }],
  ["readOnly", { read: /^value/, write: /^READONLY / }],
  ["busyScript", { read: /^BUSY /, write: /^BUSY / }],
  ["loading", { read: /^LOADING /, write: /^LOADING / }],
  ["flushAll", { read: /^null/, write: /^1/ }],
];

test.each(EFFECTS)("%s: a connected client notices, and undo restores", async (name, effect) => {
  const { read, write } = effect;
  const client = await connect(redis);
  expect(await probe(client)).toEqual({ read: "value", write: "1" });
  const undo = await undoAtEnd(name === "sleep" ? FAULTS.sleep(redis, SLEEP_MS) : FAULTS[name](redis));
  expect(await probe(client, effect)).toEqual({
    read: expect.stringMatching(read),
    write: expect.stringMatching(write),
  });
  await undo();
  await client.set("key", "value");
  await client.del("count");
  expect(await probeAfresh()).toEqual({ read: "value", write: "1" });
});

/** How whoever connects is turned away. A server that closes at once may cut off its own explanation. */
const REFUSALS: [FaultName, RegExp][] = [
  ["crash", /ECONNREFUSED/],
  ["crashAndLoseData", /ECONNREFUSED/],
  ["wrongPassword", /WRONGPASS/],
  ["noMoreClients", /max number of clients reached|closed|ECONNRESET|EPIPE/],
];

test.each(REFUSALS)(
  "%s: cuts off who is connected, refuses who comes back, and undo restores",
  async (name, refusal) => {
    const client = await connect(redis);
    const undo = await undoAtEnd(FAULTS[name](redis));
    await waitUntil(() => client.status !== "ready", { what: "the client is cut off" });
    // Asked anew, because the client does not hear every refusal: one that comes before its first command is no error.
    await waitUntil(async () => refusal.test(await refusalOf(redis)), { what: "newcomers are refused" });
    expect(client.status).not.toBe("ready");
    await undo();
    // No restart of the client
    await waitUntil(async () => (await client.ping()) === "PONG", { what: "the client is back" });
    const kept = name === "crashAndLoseData" ? null : "value";
    expect(await client.get("key")).toBe(kept);
  },
);

/** The effect of a fault ends with its test at the latest, so that those after it do not suffer for one that failed. */
async function undoAtEnd(begun: Promise<() => Promise<void>>): Promise<() => Promise<void>> {
  const undo = await begun;
  let undone: Promise<void> | undefined;
  const once = (): Promise<void> => (undone ??= undo());
  onTestFinished(once);
  return once;
}

/** How a newcomer is refused; empty when it is not. */
async function refusalOf(server: RedisServer): Promise<string> {
  try {
    const connection = await openConnection(server);
    await connection.send("PING").finally(() => connection.close());
    return "";
  } catch (error) {
    return String(error);
  }
}

test("are all in the list", () => {
  expect(FAULTS).toEqual(named);
});

test("killSubscribers: subscribers are cut off and come back, others notice nothing", async () => {
  const [client, subscriber] = [await connect(redis), await connect(redis)];
  await subscriber.subscribe("channel");
  const ends = { client: 0, subscriber: 0 };
  client.on("close", () => void ends.client++);
  subscriber.on("close", () => void ends.subscriber++);
  await FAULTS.killSubscribers(redis);
  await waitUntil(() => ends.subscriber === 1, { what: "the subscriber is cut off" });
  await waitUntil(async () => (await client.publish("channel", "message")) === 1, { what: "it has subscribed again" });
  expect(ends).toEqual({ client: 0, subscriber: 1 });
});

test("killClients: clients are cut off and come back, subscribers notice nothing", async () => {
  const [client, subscriber] = [await connect(redis), await connect(redis)];
  await subscriber.subscribe("channel");
  const ends = { client: 0, subscriber: 0 };
  client.on("close", () => void ends.client++);
  subscriber.on("close", () => void ends.subscriber++);
  await FAULTS.killClients(redis);
  await waitUntil(() => ends.client === 1, { what: "the client is cut off" });
  await waitUntil(async () => (await client.ping()) === "PONG", { what: "it is back" });
  expect(ends).toEqual({ client: 1, subscriber: 0 });
});

test("flushScripts: scripts are unknown until they are loaded again", async () => {
  const client = await connect(redis);
  const sha = String(await client.script("LOAD", "return 1"));
  await expect(client.evalsha(sha, 0)).resolves.toBe(1);
  await FAULTS.flushScripts(redis);
  expect(await failure(client.evalsha(sha, 0))).toBe("NOSCRIPT");
  await expect(client.eval("return 1", 0)).resolves.toBe(1);
});

test("memoryFull: deletes still go through", async () => {
  const undo = await FAULTS.memoryFull(redis);
  await expect(redis.command("DEL", "key")).resolves.toBe(1);
  await undo();
  await expect(redis.command("CONFIG", "GET", "maxmemory")).resolves.toEqual(["maxmemory", "0"]);
});

test("pauseWrites: scripts that may write wait as well", async () => {
  const client = await connect(redis);
  const undo = await FAULTS.pauseWrites(redis);
  const script = client.eval("return redis.call('GET', KEYS[1])", 1, "key");
  expect(await settledWithin(script, () => redis.command("PING"))).toBe(false);
  await undo();
  await expect(script).resolves.toBe("value");
});

test("sleep: lasts as long as it says", async () => {
  const startedAt = performance.now();
  const undo = await FAULTS.sleep(redis, 50);
  await undo();
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(49);
});

test("tooFewReplicas: counts the replicas there are", async () => {
  await using replica = await startRedis({ replicaOf: redis, password: "secret" });
  expect(replica.pid).toBeDefined();
  const undo = await FAULTS.tooFewReplicas(redis);
  expect(await failure(redis.command("SET", "key", "other"))).toBe("NOREPLICAS");
  await undo();
  await expect(redis.command("SET", "key", "other")).resolves.toBe("OK");
});

test("loading: the data is the same afterwards", async () => {
  await redis.command("SET", "other", "kept");
  const undo = await FAULTS.loading(redis);
  await undo();
  await expect(redis.command("GET", "other")).resolves.toBe("kept");
  await expect(redis.command("DBSIZE")).resolves.toBe(2);
  expect(await redis.info("keyspace")).not.toContain("db15");
});
