// The bus: word of changes within a moment, none twice and none lost without a doubt, whatever becomes of the log.

import { expect, test } from "vitest";
import type { BusMessage } from "../../src/contracts/bus.ts";
import { systemClock } from "../../src/model/clock.ts";
import { freshKey } from "../../src/test-suite/suite.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { timed } from "../support/timed.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { askFile } from "./bare.ts";
import { cleanUp, closeAll, listen, newPath, openFrom, openProcess, planOf, type Heard } from "./open.ts";

forbidUnhandledRejections();
cleanUp();

const words = ({ log }: Heard): unknown[] => log.filter((entry) => typeof entry === "string");
const messages = ({ log }: Heard): readonly BusMessage[] => log.filter((entry) => typeof entry === "object");

async function pair(path = newPath()) {
  const [one, two] = [openProcess("shop", { path }), openProcess("shop", { path })];
  const [own, other] = [await listen(one.bus), await listen(two.bus)];
  await waitUntil(() => one.bus.isLive && two.bus.isLive, { what: "both are live" });
  return { path, one, two, own, other };
}

test("P4 word of a change comes within a few milliseconds, idle or not", async () => {
  const { one, other } = await pair();
  const latencies: number[] = [];
  for (let round = 0; round < 30; round++) {
    const { tookMs } = await timed(async () => {
      await one.authority.remove(freshKey("shop"), Infinity);
      while (messages(other).length <= round) await new Promise((resolve) => setImmediate(resolve));
    });
    latencies.push(tookMs);
  }
  const sorted = latencies.toSorted((a, b) => a - b);
  expect(sorted[15]).toBeLessThan(30);
  expect(sorted.at(-1)).toBeLessThan(250);
});

test("messages come in order, once each, own ones included", async () => {
  const { one, two, own, other } = await pair();
  const keys = Array.from({ length: 1_500 }, () => freshKey("shop"));
  await Promise.all(keys.map((key, index) => (index % 2 === 0 ? one : two).authority.remove(key, Infinity)));
  for (const heard of [own, other]) {
    await waitUntil(() => messages(heard).length >= keys.length, { what: "all have come" });
    const heardOf = messages(heard).map((message) => ("fullKey" in message ? message.fullKey : ""));
    expect(new Set(heardOf)).toEqual(new Set(keys));
    expect(heardOf.length).toBe(keys.length);
    expect([words(heard), heard.own.filter(Boolean).length]).toEqual([["live"], 750]);
  }
});

test("caches of one plan share a connection, and each hears only what is said of itself", async () => {
  const plan = planOf({ path: newPath() });
  const [one, twin, elsewhere] = [openFrom(plan, "shop"), openFrom(plan, "shop"), openFrom(plan, "other")];
  const heard = await Promise.all([one, twin, elsewhere].map(({ bus }) => listen(bus)));
  await waitUntil(() => [one, twin, elsewhere].every(({ bus }) => bus.isLive), { what: "all are live" });
  await one.authority.remove("shop:v:{:k}", Infinity);
  await waitUntil(() => heard[1]?.own.length === 1, { what: "the twin has heard" });
  expect(heard.map(({ own }) => own)).toEqual([[true], [false], []]);
  await one.close();
  await twin.authority.remove("shop:v:{:k}", Infinity);
  await waitUntil(() => heard[1]?.own.length === 2, { what: "the twin still hears" });
  expect(heard[0]?.own).toEqual([true]);
});

test("one that has fallen behind what was trimmed doubts, and is live again", async () => {
  const { path, one, two, other } = await pair();
  await one.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => messages(other).length === 1, { what: "it has come" });
  // While it does not look: the messages are written and trimmed within one turn.
  for (let index = 0; index < 5; index++)
    askFile(path, "INSERT INTO log (at, root, publisher, message) VALUES (0, 'x', 'y', 'z')");
  askFile(path, "DELETE FROM log WHERE id < (SELECT max(id) FROM log)");
  await waitUntil(() => words(other).length >= 3 && two.bus.isLive, { what: "it is live again" });
  expect(words(other)).toEqual(["live", "doubt: messages have been trimmed before they were read", "live"]);
  const key = freshKey("shop");
  await one.authority.remove(key, Infinity);
  await waitUntil(() => messages(other).length === 2, { what: "it hears on" });
});

test("one that finds the log shorter than it was doubts", async () => {
  const { path, one, two, other } = await pair();
  await one.authority.remove(freshKey("shop"), Infinity);
  await waitUntil(() => messages(other).length === 1, { what: "it has come" });
  askFile(path, "DELETE FROM log");
  await waitUntil(() => words(other).length >= 3 && two.bus.isLive, { what: "it is live again" });
  expect(words(other)).toEqual(["live", "doubt: the log is not the one it was", "live"]);
});

test("one that too much has happened to at once begins anew", async () => {
  const { path, other, two } = await pair();
  askFile(
    path,
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
     INSERT INTO log (at, root, publisher, message) SELECT 0, 'elsewhere', 'y', 'z' FROM n`,
  );
  await waitUntil(() => words(other).length >= 3 && two.bus.isLive, { what: "it is live again" });
  expect(words(other)).toEqual(["live", "doubt: too many messages have come at once", "live"]);
});

test("a message of another release that cannot be read is a doubt; one of another cache is nothing", async () => {
  const { path, two, other } = await pair();
  for (const text of [
    "not json",
    "{}",
    '["k"]',
    '["?", "x"]',
    '["e", "tag", null, true]',
    '["e", "star", "n", false]',
  ]) {
    const before = words(other).length;
    askFile(path, "INSERT INTO log (at, root, publisher, message) VALUES (0, 'other', 'x', ?)", text);
    askFile(path, "INSERT INTO log (at, root, publisher, message) VALUES (0, 'shop', 'x', ?)", text);
    await waitUntil(() => words(other).length >= before + 2 && two.bus.isLive, {
      what: `doubt and live after ${text}`,
    });
    expect(words(other).slice(before)).toEqual(["doubt: a message could not be read", "live"]);
  }
});

test("a file that begins anew under its processes is another authority to all of them", async () => {
  const { path, one, two, own, other } = await pair();
  const before = await one.authority.identity();
  askFile(path, "UPDATE meta SET identity = 'another'");
  await waitUntil(() => one.reconnects.length > 0 && two.reconnects.length > 0, { what: "both have noticed" });
  expect([before === "another", await one.authority.identity(), await two.authority.identity()]).toEqual([
    false,
    "another",
    "another",
  ]);
  await waitUntil(() => one.bus.isLive && two.bus.isLive, { what: "both are live again" });
  for (const heard of [own, other]) expect(words(heard)).toEqual(["live", "doubt: the file begins anew", "live"]);
});

test("P4 trust runs out by the clock of the cache when the process is paused", async () => {
  const clock = new FakeClock();
  const { bus } = openProcess("shop", { path: newPath(), divergenceLimit: 300 }, clock);
  await listen(bus);
  await clock.advance(50);
  expect([bus.isLive, bus.trustedUntil > clock.now()]).toEqual([true, true]);
  clock.block(400);
  expect([bus.isLive, bus.trustedUntil > clock.now()]).toEqual([true, false]);
  await clock.advance(50);
  expect(bus.trustedUntil).toBeGreaterThan(clock.now());
});

test("P12 close leaves no timer, also when the file was never there", async () => {
  for (const path of [newPath(), "/proc/no/such/cache.db"]) {
    const clock = new FakeClock();
    const process = openProcess("shop", { path, timeout: 100 }, clock);
    await listen(process.bus);
    await clock.advance(500);
    await process.tier.set("k", Uint8Array.of(1), 60_000).catch(() => undefined);
    expect(clock.pending).toBeGreaterThan(0);
    await closeAll();
    expect(clock.pending).toBe(0);
  }
});

test("without a bus there is none", () => {
  const plan = planOf({ path: newPath(), bus: false });
  const layout = { magic: Uint8Array.of(1), headerBytes: 50, instantsOffset: 10, versionOffset: 2 };
  const remote = plan.open({ root: "shop", layout, clock: systemClock, onReconnect: () => undefined });
  expect(remote.bus).toBeUndefined();
  return remote.close();
});
