// P14: bytes in Redis that are no entry of their key are a miss with an event, and then overwritten.

import { describe, expect, test } from "vitest";
import { frameChecksum } from "../../src/codec/frame-encode.ts";
import { FRAME_OFFSETS } from "../../src/codec/frame-layout.ts";
import { msgpackCodec } from "../../src/codec/msgpack.ts";
import type { CacheEventOf } from "../../src/index.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { frameAt, keyOf } from "./frames.ts";
import { eventually, heard, never, redisStats, SHAPES, SharedWorld } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

type Damage = CacheEventOf<"damagedFrame">["reason"];

/** A copy of a frame with something changed. */
function changed(frame: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(frame);
  change(copy);
  return copy;
}

const flip = (at: number) => (copy: Buffer) => void copy.writeUInt8(copy.readUInt8(at) ^ 0x01, at);

/** What the tests store, as bytes. */
const VALUE = msgpackCodec.encode({ price: 5 });

/** The frame with another codec or value, written for its key by somebody who can: whole, but of no use. */
function rewritten(frame: Buffer, at: string, codecId: number, value: Uint8Array): Buffer {
  const copy = Buffer.concat([frame.subarray(0, -VALUE.length), value]);
  copy.writeUInt8(codecId, FRAME_OFFSETS.codecId);
  copy.writeUInt32BE(copy.length, FRAME_OFFSETS.byteLength);
  copy.writeUInt32BE(frameChecksum(at, copy), FRAME_OFFSETS.checksum);
  return copy;
}

/** What becomes of the frame at a key; `other` is that of another key. */
type Harm = (frame: Buffer, other: Buffer, at: string) => Buffer;

/** What may become of a frame, and what it is called. */
const DAMAGES: readonly (readonly [name: string, reason: Damage, harm: Harm])[] = [
  ["nothing at all", "truncated", () => Buffer.alloc(0)],
  ["of another program", "foreign", () => Buffer.from('{"price":5}')],
  ["of another program, and long", "foreign", () => Buffer.alloc(10_000, "x")],
  [
    "of a newer format",
    "unknown-format",
    (frame) => changed(frame, (copy) => copy.writeUInt8(2, FRAME_OFFSETS.format)),
  ],
  ["cut within the header", "truncated", (frame) => frame.subarray(0, 30)],
  ["cut by its last byte", "truncated", (frame) => frame.subarray(0, -1)],
  ["with a byte too many", "checksum", (frame) => Buffer.concat([frame, Buffer.alloc(1)])],
  ["with a bit of the value changed", "checksum", (frame) => changed(frame, flip(frame.length - 1))],
  ["with a bit of an epoch changed", "checksum", (frame) => changed(frame, flip(FRAME_OFFSETS.texts + 3))],
  ["of another key", "checksum", (_frame, other) => other],
  [
    "with instants out of order",
    "instants",
    (frame) => changed(frame, (copy) => copy.writeDoubleBE(1, FRAME_OFFSETS.freshUntil)),
  ],
  ["of a codec that nobody knows", "unknown-codec", (frame, _other, at) => rewritten(frame, at, 200, VALUE)],
  [
    "with a value that its codec cannot read",
    "payload",
    (frame, _other, at) => rewritten(frame, at, msgpackCodec.id, VALUE.subarray(0, -1)),
  ],
  [
    "with a value that is none",
    "payload",
    (frame, _other, at) => rewritten(frame, at, msgpackCodec.id, msgpackCodec.encode(undefined)),
  ],
];

describe.each(SHAPES)("%s", (_shape, shape) => {
  test.each(DAMAGES)("P14 a frame %s is a miss with the event %s", async (_name, reason, harm) => {
    const { name, a, b } = await world.pair({ shape });
    await a.setMany({ k: { price: 5 }, other: "other" });
    await heard(a, b);
    const at = keyOf(name, "k");
    const bytes = harm(await frameAt(world.raw, at), await frameAt(world.raw, keyOf(name, "other")), at);
    const events: unknown[] = [];
    b.on("damagedFrame", (event) => events.push(event));
    const event = { type: "damagedFrame", key: "k", namespace: undefined, tier: "redis", reason };
    for (const read of [() => b.get("k"), () => b.getEntry("k"), () => b.getMany(["k"]).then(([value]) => value)]) {
      await world.raw.set(at, bytes);
      events.length = 0;
      expect([await read(), events]).toEqual([undefined, [event]]);
    }
    expect([await b.has("k"), await b.ttl("k")]).toEqual([false, undefined]);
    // The others find what the refresh has made in its place.
    expect([await b.get("k", () => "new"), await b.get("k", never)]).toEqual(["new", "new"]);
    const late = await world.open({ shape, name });
    expect(await late.get("k", never)).toBe("new");
    expect(redisStats(b)).toMatchObject({ errors: 0, refused: 0, breakers: { redis: "closed" } });
  });

  test.each(DAMAGES)("P14 set, markStale and delete do with a frame %s as with none", async (_name, _reason, harm) => {
    const { name, a, b } = await world.pair({ shape });
    await a.setMany({ k: { price: 5 }, other: "other" });
    const at = keyOf(name, "k");
    const bytes = harm(await frameAt(world.raw, at), await frameAt(world.raw, keyOf(name, "other")), at);
    await world.raw.set(at, bytes);
    await b.set("k", "set");
    expect([await b.get("k"), (await world.open({ shape, name })).name]).toEqual(["set", name]);
    await eventually(() => a.get("k"), "set");
    await world.raw.set(at, bytes);
    expect(await b.markStale("k")).toEqual({ authority: "done" });
    await world.raw.set(at, bytes);
    expect(await b.delete("k")).toMatchObject({ authority: "done" });
    expect(await world.raw.exists(at)).toBe(0);
  });

  test("P14 what is no text at all in Redis is no reason to fail a read", async () => {
    const { name, b } = await world.pair({ shape });
    await world.raw.lpush(keyOf(name, "k"), "a list");
    expect(await b.get("k", () => "own")).toBe("own");
    expect(redisStats(b).breakers).toEqual({ redis: "closed" });
  });

  test("P14 a hundred damaged frames in a row do not open the breaker", async () => {
    const { name, b } = await world.pair({ shape });
    const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
    for (const key of keys) await world.raw.set(keyOf(name, key), "junk");
    let damaged = 0;
    b.on("damagedFrame", () => void damaged++);
    expect(await b.getMany(keys)).toEqual(keys.map(() => undefined));
    expect(await b.getMany(keys, (missing) => missing)).toEqual(keys);
    expect([damaged, redisStats(b).breakers, redisStats(b).errors]).toEqual([200, { redis: "closed" }, 0]);
    expect((await b.health()).status).toBe("healthy");
  });

  test("what validate refuses of what another release has stored is a miss with an event, and replaced", async () => {
    const validate = (value: unknown): boolean => typeof value === "string";
    const { a, b } = await world.pair({ shape }, { validate });
    await a.setMany({ k: { price: 5 }, fine: "text" });
    await heard(a, b);
    const events: unknown[] = [];
    b.on("invalid", ({ key }) => events.push(key));
    expect([await b.get("k"), await b.get("fine"), events]).toEqual([undefined, "text", ["k"]]);
    expect(await b.get("k", () => "new")).toBe("new");
    await eventually(() => a.get("k"), "new");
    await expect(b.set("k", 5)).rejects.toMatchObject({ code: "invalid_value" });
    // What its own refresh gives is given, and not stored.
    expect([await b.get("own", () => 5), await a.get("own")]).toEqual([5, undefined]);
  });
});
