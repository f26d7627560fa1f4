// Writes: those of one turn are one transaction, in their order, and one that fails does not spoil the others.

import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import type { NewFrame } from "../../src/contracts/authority.ts";
import type { Clock } from "../../src/contracts/clock.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { frameOf, freshKey, LEASE_MS, LONG, randomVersion } from "../../src/test-suite/suite.ts";
import { systemClock } from "../../src/model/clock.ts";
import { SqliteClient } from "../../src/sqlite/client.ts";
import type { NewEntry } from "../../src/sqlite/entries.ts";
import { SqliteLink } from "../../src/sqlite/link.ts";
import { loadDriver } from "../../src/sqlite/driver.ts";
import { resolveSqliteOptions } from "../../src/sqlite/settings.ts";
import { SqliteWriter } from "../../src/sqlite/writer.ts";
import type { Transaction } from "../../src/sqlite/write-queue.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { askFile, commitsOf, openBare } from "./bare.ts";
import { waitUntil } from "../support/wait-until.ts";
import { cleanUp, listen, newPath, openFrom, openProcess, planOf } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const BYTES = Uint8Array.of(1, 2, 3);
const entryOf = (key: string): NewEntry => ({ key, frame: BYTES, endsAt: Infinity });

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
    writer.write(`k${index}`, ({ store, now }) => store.entries.put([entryOf(`k${index}`)], now)),
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
  const put = (key: string) => writer.write(key, ({ store, now }) => store.entries.put([entryOf(key)], now));
  const results = await Promise.allSettled([
    put("a"),
    writer.write("b", ({ store, now }) => {
      store.entries.put([entryOf("half")], now);
      store.entries.put([{ ...entryOf("x"), key: null as never }], now);
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
    transaction.store.entries.put([entryOf(key)], transaction.now);
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

/** What the file holds, and what its record says that it holds. */
function countsOf(path: string): readonly [counted: unknown, recorded: unknown] {
  const [counted] = askFile(path, "SELECT count(*) AS entries, sum(bytes) AS bytes FROM entries");
  return [counted, askFile(path, "SELECT entries, bytes FROM meta")[0]];
}

test("rows and bytes are counted right, whatever is put, put again and removed, one by one or many at a time", async () => {
  const path = newPath();
  const { writer, link } = writerOn(path);
  const keys = Array.from({ length: 23 }, (_, index) => `k${index}`);
  const of = (length: number): NewEntry[] => keys.map((key) => ({ ...entryOf(key), frame: new Uint8Array(length) }));
  await writer.write("x", ({ store, now }) => {
    store.entries.put(of(10), now);
    store.entries.remove("k22", now);
    store.entries.put([entryOf("k22"), entryOf("alone")], now);
  });
  const [some, recorded] = countsOf(path);
  expect([some, recorded]).toEqual([expect.objectContaining({ entries: 24 }), some]);
  for (const length of [11, 5]) await writer.write("x", ({ store, now }) => store.entries.put(of(length), now));
  await writer.write("x", ({ store, now }) => {
    store.entries.put([...of(7), ...of(8), entryOf("new")], now);
    store.entries.removeOldest(5);
  });
  const [all, recordedLast] = countsOf(path);
  expect([all, recordedLast]).toEqual([expect.objectContaining({ entries: 20 }), all]);
  link.close();
});

test.each([
  ["larger", 10, 1_000],
  ["smaller", 1_000, 10],
])("bytes are counted right where a new key is put twice at once, %s the second time", async (_name, first, second) => {
  const path = newPath();
  const { writer, link } = writerOn(path);
  const all = [first, second].map((length) => ({ ...entryOf("k"), frame: new Uint8Array(length) }));
  await writer.write("x", ({ store, now }) => store.entries.put([entryOf("beside"), ...all], now));
  const [some, recorded] = countsOf(path);
  expect([some, recorded]).toEqual([expect.objectContaining({ entries: 2 }), some]);
  link.close();
});

test("of several for one key the last one counts, also where it ends before what is there, and it is filed by its end", async () => {
  const path = newPath();
  const { writer, link } = writerOn(path);
  const others = Array.from({ length: 7 }, (_, index) => entryOf(`k${index}`));
  const ofKey = (byte: number, endsAt: number): NewEntry => ({ key: "k", frame: Uint8Array.of(byte), endsAt });
  const outcomes: unknown[] = [];
  for (const [before, ...ends] of [
    [2e12, 3e12, 1e12, 4e12],
    [2e12, 1e12, 3e12, 1.5e12],
    [2e12, 1e12, 1.2e12, 3e12],
  ] as const) {
    await writer.write("k", ({ store }) => {
      store.entries.remove("k", 0);
      store.entries.put([ofKey(0, before)], 0);
      store.entries.put([...others, ...ends.map((endsAt, index) => ofKey(index + 1, endsAt))], 0);
    });
    outcomes.push(
      ...askFile(path, "SELECT hex(frame) AS frame, ends_at, filed_end <= ends_at AS due FROM entries WHERE key = 'k'"),
    );
  }
  expect(outcomes).toEqual([
    { frame: "03", ends_at: 4e12, due: 1 },
    { frame: "03", ends_at: 1.5e12, due: 1 },
    { frame: "03", ends_at: 3e12, due: 1 },
  ]);
  link.close();
});

/** Sets for `setMany`. */
function newFrame(fullKey: string): NewFrame {
  const version = randomVersion();
  return { fullKey, frame: frameOf(FRAME_LAYOUT, version), version, spans: LONG };
}

test("of several sets one that fails does not spoil the others, and keeps the place of all", async () => {
  const path = newPath();
  const { authority } = openProcess("shop", { path });
  const [first, last] = [freshKey("shop"), freshKey("shop")];
  const impossible = { ...newFrame("x"), fullKey: null as never };
  const setting = authority.setMany?.([newFrame(first), impossible, newFrame(last)], Infinity);
  const removing = authority.remove(last, Infinity);
  const stored = { kind: "stored", createdAt: expect.any(Number) as number };
  expect(await setting).toEqual([stored, expect.objectContaining({ code: "unavailable" }), stored]);
  expect([(await authority.read(first, [])).frame?.length, await removing]).toEqual([
    newFrame(first).frame.length,
    { existed: true },
  ]);
  expect(await authority.setMany?.([impossible], Infinity)).toMatchObject([{ code: "unavailable" }]);
});

test("word of several sets comes to all but who has been answered, and what follows to everybody", async () => {
  const path = newPath();
  const plan = planOf({ path });
  const [own, twin, other] = [openFrom(plan, "shop"), openFrom(plan, "shop"), openProcess("shop", { path })];
  const heard = await Promise.all([own, twin, other].map(({ bus }) => listen(bus)));
  const areLive = (): boolean => [own, twin, other].every(({ bus }) => bus.isLive);
  await waitUntil(areLive, { what: "they are live" });
  const sets = [newFrame(freshKey("shop")), newFrame(freshKey("shop"))];
  const said = sets.map(({ fullKey, version }) => ({ kind: "key", fullKey, version }));
  const gone = { kind: "key", fullKey: freshKey("shop"), version: undefined };
  await own.authority.setMany?.(sets, Infinity);
  await own.authority.remove(gone.fullKey, Infinity);
  await other.authority.remove(gone.fullKey, Infinity);
  await own.authority.setMany?.(sets, Infinity);
  await twin.authority.remove(gone.fullKey, Infinity);
  await waitUntil(() => heard.every(({ log }) => log.filter((one) => isDeepStrictEqual(one, gone)).length === 3), {
    what: "everybody has heard of all that was removed",
  });
  for (const { log } of heard.slice(1)) expect(log).toEqual(["live", ...said, gone, gone, ...said, gone]);
  expect(heard[0]?.log.filter((one) => typeof one === "string" || isDeepStrictEqual(one, gone))).toEqual([
    "live",
    gone,
    gone,
    gone,
  ]);
});
