// Writes: those of one turn are one transaction, in their order, and one that fails does not spoil the others.

import { expect, test } from "vitest";
import type { Clock } from "../../src/contracts/clock.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { frameOf, freshKey, LEASE_MS, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { systemClock } from "../../src/model/clock.ts";
import { SqliteClient } from "../../src/sqlite/client.ts";
import { SqliteLink } from "../../src/sqlite/link.ts";
import { loadDriver } from "../../src/sqlite/driver.ts";
import { resolveSqliteOptions } from "../../src/sqlite/settings.ts";
import { SqliteWriter } from "../../src/sqlite/writer.ts";
import type { Transaction } from "../../src/sqlite/write-queue.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { askFile, openBare } from "./bare.ts";
import { cleanUp, newPath, openFrom, openProcess, planOf } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const BYTES = Uint8Array.of(1, 2, 3);

/** How often another connection sees that something has been committed. */
function commitsOf(path: string): () => number {
  const version = openBare(path).prepare("PRAGMA data_version");
  const read = (): number => (version.get() as { readonly data_version: number }).data_version;
  let last = read();
  return () => {
    const [before, now] = [last, read()];
    last = now;
    return now - before;
  };
}

function writerOn(path: string, clock: Clock = systemClock) {
  const settings = resolveSqliteOptions({ path }, "options");
  const link = new SqliteLink(settings, loadDriver("the test"), clock);
  const transactions: number[] = [];
  const writer = new SqliteWriter(
    link,
    clock,
    () => undefined,
    () => transactions.push(1),
  );
  return { link, writer, transactions };
}

test("what is written in one turn of the event loop is one transaction", async () => {
  const path = newPath();
  const { tier, authority } = openProcess("shop", { path });
  await tier.set("k", BYTES, 60_000);
  const commits = commitsOf(path);
  await Promise.all([
    ...Array.from({ length: 100 }, () => tier.set(freshKey("shop"), BYTES, 60_000)),
    authority.bump({ kind: "root" }, false, Infinity),
    authority.acquire(freshKey("shop"), "mine", undefined, LEASE_MS),
  ]);
  expect(commits()).toBe(1);
  await tier.set("k", BYTES, 60_000);
  expect(commits()).toBe(1);
});

test("what one transaction says is one row of the log, whose id counts its messages", async () => {
  const path = newPath();
  const plan = planOf({ path });
  const [one, twin] = [openFrom(plan, "shop"), openFrom(plan, "other")];
  const [key] = [freshKey("shop")];
  await Promise.all([
    one.authority.remove(key, Infinity),
    one.authority.set(key, frameOf(FRAME_LAYOUT, "0123456789abcdef"), LONG, Infinity),
    twin.authority.remove("x", Infinity),
    one.authority.bump({ kind: "tag", name: '"' }, true, Infinity),
  ]);
  await one.authority.remove(key, Infinity);
  expect(askFile(path, "SELECT id, messages, root, message FROM log")).toEqual([
    { id: 2, messages: 2, root: "shop", message: `[["k","${key}",null],["k","${key}","0123456789abcdef"]]` },
    { id: 3, messages: 1, root: "other", message: '["k","x",null]' },
    { id: 4, messages: 1, root: "shop", message: '["e","tag","\\"",true]' },
    { id: 5, messages: 1, root: "shop", message: `["k","${key}",null]` },
  ]);
});

test("a write that fails leaves no message of those that were to be with it", async () => {
  const path = newPath();
  const { writer, link } = writerOn(path);
  const say = (pattern: string) =>
    writer.write("a", ({ store, now }) =>
      store.log.append("shop", "me", { kind: "matching", namespace: undefined, pattern }, now),
    );
  const fail = () =>
    writer.write("b", () => {
      throw new Error("a mistake");
    });
  await Promise.allSettled([say("one"), fail(), say("two")]);
  expect(askFile(path, "SELECT message FROM log")).toEqual([
    { message: '["m",null,"one"]' },
    { message: '["m",null,"two"]' },
  ]);
  link.close();
});

test("a set drops the lease of its key, whether it was taken in its transaction, before, or by another process since", async () => {
  const path = newPath();
  const [one, other] = [openProcess("shop", { path }), openProcess("shop", { path })];
  const frame = (): Uint8Array => frameOf(FRAME_LAYOUT, randomVersion());
  const outcomes: unknown[] = [];
  for (const by of [other, one]) {
    const key = freshKey("shop");
    // There is none, which is found out here.
    await one.authority.set(freshKey("shop"), frame(), LONG, Infinity);
    await by.authority.acquire(key, "mine", undefined, LEASE_MS);
    await one.authority.set(key, frame(), LONG, Infinity);
    outcomes.push(await by.authority.fill(key, "mine", frame(), LONG, Infinity));
  }
  const key = freshKey("shop");
  await Promise.all([
    one.authority.set(freshKey("shop"), frame(), LONG, Infinity),
    one.authority.acquire(key, "mine", undefined, LEASE_MS),
    one.authority.set(key, frame(), LONG, Infinity),
  ]);
  outcomes.push(await one.authority.fill(key, "mine", frame(), LONG, Infinity));
  expect(outcomes).toEqual([{ kind: "fenced" }, { kind: "fenced" }, { kind: "fenced" }]);
});

test("a great many are several transactions, with turns of the event loop between them", async () => {
  const path = newPath();
  const { writer, transactions, link } = writerOn(path);
  let turns = 0;
  const turn = setInterval(() => turns++, 0);
  const writes = Array.from({ length: 2_000 }, (_, index) =>
    writer.write(`k${index}`, ({ store, now }) => store.entries.put(`k${index}`, BYTES, Infinity, now)),
  );
  await Promise.all(writes);
  clearInterval(turn);
  expect(transactions.length).toBe(4);
  expect(link.use().store.record.entries).toBe(2_000);
  link.close();
});

test("writes are done in the order in which they are asked for, and a read after them sees them", async () => {
  const { tier, authority } = openProcess("shop", { path: newPath() });
  const key = freshKey("shop");
  const version = randomVersion();
  const results = await Promise.all([
    tier.set(key, BYTES, 60_000),
    tier.get(key),
    tier.delete(key),
    tier.get(key),
    authority.acquire(key, "mine", undefined, LEASE_MS),
    authority.fill(key, "mine", frameOf(FRAME_LAYOUT, version), LONG, Infinity),
    authority.acquire(key, "again", version, LEASE_MS),
    authority.remove(key, Infinity),
    authority.fill(key, "again", frameOf(FRAME_LAYOUT, version), LONG, Infinity),
    tier.get(key),
  ]);
  expect(results).toEqual([
    undefined,
    BYTES,
    true,
    undefined,
    { kind: "granted" },
    { kind: "stored", createdAt: expect.any(Number) as number },
    { kind: "granted" },
    { existed: true },
    { kind: "fenced" },
    undefined,
  ]);
});

test("one write that fails does not spoil the others, and leaves nothing of itself", async () => {
  const { writer, link } = writerOn(newPath());
  const put = (key: string) => writer.write(key, ({ store, now }) => store.entries.put(key, BYTES, Infinity, now));
  const results = await Promise.allSettled([
    put("a"),
    writer.write("b", ({ store, now }) => {
      store.entries.put("half", BYTES, Infinity, now);
      store.entries.put(null as never, BYTES, Infinity, now);
    }),
    put("c"),
    writer.write("d", () => {
      throw new Error("a mistake");
    }),
    put("e"),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "unavailable" } });
  expect(results[3]).toMatchObject({ reason: { code: "unavailable", cause: { message: "a mistake" } } });
  const { store } = link.use();
  expect([store.entries.page("", "", 0).keys, store.record.entries]).toEqual([["a", "c", "e"], 3]);
  link.close();
});

test("a write that cannot wait is done at once, after those that do", async () => {
  const { writer, link } = writerOn(newPath());
  const order: string[] = [];
  const first = writer.write("k", () => order.push("first"));
  expect(writer.writeSync("k", ({ store }) => store.record.entries)).toBe(0);
  expect(order).toEqual(["first"]);
  expect(() =>
    writer.writeSync("k", () => {
      throw new Error("a mistake");
    }),
  ).toThrow("sqlite failed");
  await first;
  link.close();
  expect(() => writer.writeSync("k", () => 1)).toThrow(expect.objectContaining({ code: "closed" }));
});

test("a client reads and writes at once for who cannot wait, in the order of all", async () => {
  const { writer, link } = writerOn(newPath());
  const client = new SqliteClient({ link, writer, clock: systemClock });
  const put = (key: string) => (transaction: Transaction) =>
    transaction.store.entries.put(key, BYTES, Infinity, transaction.now);
  const find = (key: string) => (transaction: Transaction) =>
    transaction.store.entries.find(key, transaction.now)?.frame;
  const waiting = client.write("k", put("k"));
  expect([client.readSync(["other"], find("k")), client.readSync(["k"], find("k"))]).toEqual([undefined, BYTES]);
  await waiting;
  client.writeSync("x", put("x"));
  expect([client.readSync(["x"], find("x")), await client.read(["x"], find("x"))]).toEqual([BYTES, BYTES]);
  client.close();
  for (const late of [() => client.readSync(["x"], find("x")), () => client.writeSync("x", put("x"))]) {
    expect(late).toThrow(expect.objectContaining({ code: "closed" }));
  }
  link.close();
});

test("a write that cannot wait fails at once while another connection writes, and is not done later", async () => {
  const path = newPath();
  const { writer, link, transactions } = writerOn(path);
  writer.writeSync("k", () => undefined);
  const other = openBare(path);
  other.exec("BEGIN IMMEDIATE");
  expect(() => writer.writeSync("k", () => 1)).toThrow(expect.objectContaining({ code: "unavailable" }));
  other.exec("ROLLBACK");
  other.close();
  await writer.settled();
  writer.writeSync("k", () => 1);
  expect(transactions.length).toBe(2);
  writer.close();
  link.close();
});

test("closing waits for what is to be written, and refuses what comes later", async () => {
  const path = newPath();
  const { tier, close } = openProcess("shop", { path });
  const writes = Array.from({ length: 1_200 }, (_, index) => tier.set(`k${index}`, BYTES, 60_000));
  const closing = close();
  await expect(tier.set("late", BYTES, 60_000)).rejects.toMatchObject({ code: "closed" });
  await Promise.all([...writes, closing]);
  const after = openProcess("shop", { path });
  expect([await after.tier.get("k1199"), await after.tier.get("late")]).toEqual([BYTES, undefined]);
});
