// The authority on a real server that misbehaves: nothing happens late, nothing comes back, nothing half.

import { expect, test } from "vitest";
import { FAULTS } from "../support/redis/faults.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { frameOf, freshKey, freshTag, randomVersion, LEASE_MS, LONG } from "../../src/test-suite/suite.ts";
import { openProcess } from "./open.ts";
import { serverOfTests } from "./servers.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";

forbidUnhandledRejections();

const { flushAll, flushScripts, memoryFull, pauseWrites, readOnly } = FAULTS;

const redis = serverOfTests();

const open = () => openProcess("shop", { url: redis.server.url }).authority;
const aFrame = () => frameOf(FRAME_LAYOUT, randomVersion());

test("a command that waited past its deadline inside Redis does nothing", async () => {
  const authority = open();
  const [key, tag] = [freshKey("shop"), freshTag()];
  await authority.set(key, aFrame(), LONG, Infinity);
  const before = await authority.read(key, [tag]);
  const deadline = (await authority.now()) + 30;
  await redis.suffer(pauseWrites);
  const replies = Promise.all([
    authority.remove(key, deadline),
    authority.set(key, aFrame(), LONG, deadline),
    authority.markStale(key, deadline),
    authority.bump(tag, false, deadline),
  ]);
  // Reads are answered meanwhile, and show the time on the server.
  await waitUntil(
    async () => Number(((await redis.server.command("TIME")) as string[])[0]) * 1_000 > deadline + 1_000,
    {
      what: "the deadline has passed",
    },
  );
  await redis.heal();
  expect(await replies).toEqual([{ existed: undefined }, { kind: "late" }, false, false]);
  expect(await authority.read(key, [tag])).toEqual(before);
});

test("a command that waited, but not past its deadline, is carried out: the pause alone refuses nothing", async () => {
  const authority = open();
  const key = freshKey("shop");
  await authority.set(key, aFrame(), LONG, Infinity);
  const deadline = (await authority.now()) + 60_000;
  await redis.suffer(pauseWrites);
  const removed = authority.remove(key, deadline);
  await redis.heal();
  expect(await removed).toEqual({ existed: true });
});

test("goes on when Redis has forgotten its scripts", async () => {
  const authority = open();
  const key = freshKey("shop");
  await authority.acquire(key, "mine", undefined, LEASE_MS);
  await redis.suffer(flushScripts);
  const deadline = (await authority.now()) + 60_000;
  expect(await authority.fill(key, "mine", aFrame(), LONG, deadline)).toMatchObject({ kind: "stored" });
  await redis.suffer(flushScripts);
  expect(await Promise.all([authority.remove(key, deadline), authority.remove(key, deadline)])).toEqual([
    { existed: true },
    { existed: false },
  ]);
});

test("P7 the loss of everything makes new epochs, and fences those who were refreshing", async () => {
  const authority = open();
  const [key, tag] = [freshKey("shop"), freshTag()];
  const before = await authority.epochs([{ kind: "root" }, tag]);
  await authority.acquire(key, "mine", undefined, LEASE_MS);
  await redis.suffer(flushAll);
  expect(await authority.fill(key, "mine", aFrame(), LONG, Infinity)).toEqual({ kind: "fenced" });
  const after = await authority.epochs([{ kind: "root" }, tag]);
  for (const [index, { hard, soft }] of after.entries()) {
    expect(hard).not.toBe(before[index]?.hard);
    expect(soft).not.toBe(before[index]?.soft);
  }
});

test("P7 an epoch that was overwritten with something else counts as lost", async () => {
  const authority = open();
  const [before] = await authority.epochs([{ kind: "root" }]);
  await redis.server.command("SET", "shop:r", "garbage");
  const [after] = await authority.epochs([{ kind: "root" }]);
  expect(after?.hard).not.toBe(before?.hard);
});

test("a full Redis still invalidates: an epoch that cannot be written is dropped", async () => {
  const authority = open();
  const [hardTag, softTag, key] = [freshTag(), freshTag(), freshKey("shop")];
  const before = await authority.epochs([hardTag, softTag]);
  await authority.set(key, aFrame(), LONG, Infinity);
  await redis.suffer(memoryFull);
  expect(await authority.bump(hardTag, false, Infinity)).toBe(true);
  expect(await authority.bump(softTag, true, Infinity)).toBe(true);
  expect(await authority.markStale(key, Infinity)).toBe(true);
  expect((await authority.read(key, [])).frame).toBeUndefined();
  expect(await authority.remove(key, Infinity)).toEqual({ existed: false });
  await redis.heal();
  const after = await authority.epochs([hardTag, softTag]);
  expect(after[0]?.hard).not.toBe(before[0]?.hard);
  expect(after[1]?.soft).not.toBe(before[1]?.soft);
});

test("a full Redis loses the old value of what it cannot set, and keeps that of what it cannot fill", async () => {
  const authority = open();
  const [lost, kept, version] = [freshKey("shop"), freshKey("shop"), randomVersion()];
  await authority.set(lost, aFrame(), LONG, Infinity);
  await authority.set(kept, frameOf(FRAME_LAYOUT, version), LONG, Infinity);
  expect(await authority.acquire(kept, "mine", version, LEASE_MS)).toEqual({ kind: "granted" });
  await redis.suffer(memoryFull);
  await expect(authority.set(lost, aFrame(), LONG, Infinity)).rejects.toMatchObject({ code: "refused" });
  await expect(authority.fill(kept, "mine", aFrame(), LONG, Infinity)).rejects.toMatchObject({ code: "refused" });
  expect((await authority.read(lost, [])).frame).toBeUndefined();
  expect((await authority.read(kept, [])).frame).toBeDefined();
  await redis.heal();
  expect(await authority.acquire(kept, "next", version, LEASE_MS)).toEqual({ kind: "granted" });
});

test("bytes that are no frame of this format stand in nobody's way", async () => {
  const authority = open();
  for (const bytes of [
    Buffer.from("FT\u0002 of the future, longer than any header of today's format is: 64 bytes"),
    Buffer.from("FT\u0001"),
    Buffer.alloc(0),
  ]) {
    const key = freshKey("shop");
    await redis.server.command("SET", key, bytes);
    expect(await authority.acquire(key, "mine", undefined, LEASE_MS)).toEqual({ kind: "granted" });
    expect(await authority.fill(key, "mine", aFrame(), LONG, Infinity)).toMatchObject({ kind: "stored" });
    await redis.server.command("SET", key, bytes);
    expect(await authority.acquire(key, "mine", randomVersion(), LEASE_MS)).toEqual({
      kind: "changed",
      frame: undefined,
    });
    expect(await authority.markStale(key, Infinity)).toBe(true);
    expect((await authority.read(key, [])).frame?.length ?? 0).toBe(0);
  }
});

test("a replica refuses, says so, and writes go on when it is a primary again", async () => {
  const authority = open();
  const key = freshKey("shop");
  await authority.set(key, aFrame(), LONG, Infinity);
  await redis.suffer(readOnly);
  await expect(authority.remove(key, Infinity)).rejects.toMatchObject({
    code: "unavailable",
    cause: expect.objectContaining({ message: expect.stringContaining("READONLY") }),
  });
  await redis.heal();
  const removed = await waitUntil(() => authority.remove(key, Infinity), { what: "it writes again" });
  expect(removed.existed).toBeTypeOf("boolean");
});
