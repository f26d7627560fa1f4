// P14 for payloads: what cannot be decoded, decompressed or decrypted is a miss with an event; and what Redis gets to see.

import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import type { CacheEventOf, Codec, PayloadOptions } from "../../src/index.ts";
import { FRAME_OFFSETS } from "../../src/codec/frame-layout.ts";
import { jsonCodec } from "../../src/codec/index.ts";
import { forged, OTHER_SECRET, payloadAt, SECRET } from "../codec/payload-kit.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { frameAt, keyOf } from "./frames.ts";
import { DONE, eventually, heard, never, redisStats, SHAPES, SharedWorld } from "./pair.ts";

forbidUnhandledRejections();

const world = new SharedWorld();

const encryption = { keys: [{ id: 7, key: SECRET }] };
const LARGE = "a text that repeats itself. ".repeat(200);

const ownCodec: Codec = {
  id: 99,
  name: "own",
  encode: (value) => jsonCodec.encode(value),
  decode: (bytes) => jsonCodec.decode(bytes),
};

/** How bytes are not right. */
interface Harm {
  readonly what: string;
  readonly reason: CacheEventOf<"damagedFrame">["reason"];
  readonly writer: PayloadOptions;
  readonly reader: PayloadOptions;
  /** What was done to the frame meanwhile. `other` is the frame of another key. */
  readonly harm?: (frame: Buffer, at: string, other: Buffer) => Buffer;
}

const gzip = { compression: "gzip" } as const;
const encrypted = { encryption };

const HARMS: readonly Harm[] = [
  { what: "of a codec that is not there", reason: "unknown-codec", writer: { codec: ownCodec }, reader: {} },
  { what: "encrypted, to who has no key", reason: "unknown-key", writer: encrypted, reader: {} },
  {
    what: "encrypted, to who has other keys",
    reason: "unknown-key",
    writer: encrypted,
    reader: { encryption: { keys: [{ id: 9, key: OTHER_SECRET }] } },
  },
  {
    what: "encrypted, to who has another key of that number",
    reason: "authentication",
    writer: encrypted,
    reader: { encryption: { keys: [{ id: 7, key: OTHER_SECRET }] } },
  },
  {
    what: "encrypted, and moved from another key by who knows the checksum",
    reason: "authentication",
    writer: encrypted,
    reader: encrypted,
    harm: (_frame, at, other) => forged(other, () => undefined, at),
  },
  {
    what: "encrypted, and changed by who knows the checksum",
    reason: "authentication",
    writer: encrypted,
    reader: encrypted,
    harm: (frame, at) =>
      forged(frame, (copy) => copy.writeUInt8(copy.readUInt8(copy.length - 20) ^ 1, copy.length - 20), at),
  },
  {
    what: "encrypted, and moved from another key",
    reason: "checksum",
    writer: encrypted,
    reader: encrypted,
    harm: (_frame, _at, other) => other,
  },
  {
    what: "encrypted, and truncated",
    reason: "truncated",
    writer: encrypted,
    reader: encrypted,
    harm: (frame) => frame.subarray(0, -1),
  },
  { what: "not encrypted, to who encrypts", reason: "unencrypted", writer: {}, reader: encrypted },
  { what: "larger than may be", reason: "too-large", writer: gzip, reader: { maxDecompressedBytes: 1_000 } },
  {
    what: "with garbage for what was compressed",
    reason: "payload",
    writer: gzip,
    reader: {},
    harm: (frame, at) => forged(frame, (copy) => copy.fill(0, payloadAt(copy, at) + 5), at),
  },
  {
    what: "compressed in a way that is not known",
    reason: "unknown-compression",
    writer: gzip,
    reader: {},
    harm: (frame, at) => forged(frame, (copy) => copy.writeUInt8(63, payloadAt(copy, at)), at),
  },
];

describe.each(SHAPES)("%s", (_shape, shape) => {
  test.each(HARMS)("P14 a frame $what is a miss with the event $reason", async ({ reason, writer, reader, harm }) => {
    const { name, a, b } = await world.pair({ shape, redis: writer }, { redis: reader });
    await a.setMany({ k: { text: LARGE }, other: { text: LARGE } });
    await heard(a, b);
    const at = keyOf(name, "k");
    const bytes = await frameAt(world.raw, at);
    const harmed = harm?.(bytes, at, await frameAt(world.raw, keyOf(name, "other"))) ?? bytes;
    const events: unknown[] = [];
    b.on("damagedFrame", (event) => events.push(event));
    const event = { type: "damagedFrame", key: "k", namespace: undefined, tier: "redis", reason };
    const reads = [() => b.get("k"), () => b.getEntry("k"), () => b.getMany(["k"]).then(([value]) => value)];
    // More failures in a row than the breaker takes.
    for (const read of [...reads, ...reads, ...reads]) {
      await world.raw.set(at, harmed);
      events.length = 0;
      expect([await read(), events]).toEqual([undefined, [event]]);
    }
    expect([await b.get("k", () => "new"), await b.get("k", never)]).toEqual(["new", "new"]);
    expect(redisStats(b)).toMatchObject({ errors: 0, refused: 0, breakers: { redis: "closed" } });
    expect((await b.health()).status).toBe("healthy");
  });
});

test("P14 a copy in memory does not vouch for a changed envelope of the same version", async () => {
  // Without a bus every read asks Redis, and finds the frame that the copy was made of.
  const redis = { encryption, bus: false };
  const name = world.newName();
  const cache = world.openAtOnce({ name, redis });
  expect(await cache.set("k", "v", { tags: ["t"] })).toEqual(DONE);
  expect([await cache.get("k", never), await cache.get("k", never)]).toEqual(["v", "v"]);
  const at = keyOf(name, "k");
  const frame = await frameAt(world.raw, at);
  const events: unknown[] = [];
  cache.on("damagedFrame", ({ reason }) => events.push(reason));
  await world.raw.set(
    at,
    forged(frame, (copy) => copy.writeUInt32BE(9, FRAME_OFFSETS.loadMs), at),
  );
  expect([await cache.get("k"), events]).toEqual([undefined, ["authentication"]]);
});

/** Everything that the server holds, and everything it is told meanwhile. */
async function everything(work: () => Promise<void>): Promise<Buffer> {
  const socket = connect({ host: world.server.host, port: world.server.port });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write("MONITOR\r\n");
  await waitUntil(() => chunks.length > 0, { what: "the monitor has begun" });
  await work();
  const mark = `the end ${world.newName()}`;
  await world.redis.echo(mark);
  await waitUntil(() => Buffer.concat(chunks).includes(mark), { what: "the monitor has come so far" });
  socket.destroy();
  for (const key of await world.raw.keys("*")) {
    expect(await world.redis.type(key)).toBe("string");
    chunks.push(Buffer.from(key), (await world.raw.getBuffer(key)) as Buffer);
  }
  return Buffer.concat(chunks);
}

describe("what Redis gets to see", () => {
  const work = async (options: PayloadOptions): Promise<void> => {
    const { a, b } = await world.pair({ redis: options });
    const secret = { name: "Ada-Lovelace" };
    await a.set("user-1", secret, { tags: ["vips"] });
    await a.get("user-2", () => Buffer.from("Ada-Lovelace, as bytes"));
    await a.getMany(["user-3"], () => ["Ada-Lovelace, many times. ".repeat(1_000)], { namespace: "people" });
    a.setSync("user-4", new Map([["Ada-Lovelace", "Ada-Lovelace"]]));
    await heard(a, b);
    expect(await b.get("user-1", never)).toEqual(secret);
    await eventually(() => b.has("user-4"), true);
    await a.markStale("user-1");
  };

  test.each<[string, PayloadOptions]>([
    ["encryption", { encryption }],
    ["encryption and compression", { encryption, compression: { algorithm: "gzip", threshold: 1 } }],
    ["JSON, encrypted", { encryption, codec: "json" as const }],
  ])("with %s nothing of any value; keys, namespaces and tags as they are", async (name, options) => {
    await world.redis.flushall();
    const isJson = name.startsWith("JSON");
    const all = await everything(async () => {
      if (!isJson) return work(options);
      const { a } = await world.pair({ redis: options });
      expect(await a.set("user-1", ["Ada-Lovelace"], { tags: ["vips"] })).toEqual(DONE);
    });
    // Nothing shorter: of so many random bytes three are those of "Ada" once in a few hundred runs.
    expect(["Lovelace", "user-1", "vips"].map((text) => all.includes(text))).toEqual([false, true, true]);
  });

  test("without encryption all of it", async () => {
    await world.redis.flushall();
    expect((await everything(() => work({}))).includes("Ada-Lovelace")).toBe(true);
  });
});
