// Every codec with every compression, encrypted or not: what is written is read, and what has been touched is a miss.

import * as zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FRAME_OFFSETS } from "../../src/codec/frame-layout.ts";
import type { PayloadOptions } from "../../src/model/payload-options.ts";
import { arbitraryValues } from "./arbitrary-values.ts";
import { coderOf, damageIn, read, SECRET, write } from "./payload-kit.ts";
import { difference } from "./sameness.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const CODECS = ["msgpack", "json", "v8"] as const;
const COMPRESSIONS = [
  "none",
  "brotli",
  "gzip",
  "deflate",
  ...("zstdCompressSync" in zlib ? (["zstd"] as const) : []),
] as const;
const encryption = { keys: [{ id: 200, key: SECRET }] };

const combinations = CODECS.flatMap((codec) =>
  COMPRESSIONS.flatMap((compression) =>
    [false, true].map((isEncrypted) => {
      const options: PayloadOptions = {
        codec,
        compression: compression === "none" ? undefined : { algorithm: compression, threshold: 1 },
        encryption: isEncrypted ? encryption : undefined,
      };
      return { codec, compression, isEncrypted, options };
    }),
  ),
);

const values = fc.oneof(
  arbitraryValues,
  fc.jsonValue(),
  fc.uint8Array({ maxLength: 200 }),
  // Long enough to be compressed.
  fc.array(fc.constantFrom("red", "blue", "a longer text"), { minLength: 20, maxLength: 60 }),
);

const isInstant = (at: number): boolean => at >= FRAME_OFFSETS.createdAt && at < FRAME_OFFSETS.checksum;

describe.each(combinations)("$codec, compression $compression, encrypted $isEncrypted", ({ codec, options }) => {
  test("P13 what is written is what is read", async () => {
    const [writer, reader] = [coderOf(options), coderOf(options)];
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const frame = await write(writer, value).catch((error: unknown) => error);
        if (Buffer.isBuffer(frame)) expect(difference(await read(reader, frame), value)).toBeUndefined();
        else expect([codec, frame]).toMatchObject(["json", { code: "unserializable" }]);
      }),
      { numRuns: 60 },
    );
  });

  test("P14 any flipped bit outside the instants is a miss", async () => {
    const [writer, reader] = [coderOf(options), coderOf(options)];
    // As JSON has them: without -0.
    const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
    const places = fc.tuple(json, fc.nat(), fc.nat({ max: 7 }));
    await fc.assert(
      fc.asyncProperty(places, async ([value, place, bit]) => {
        const frame = await write(writer, value);
        const at = place % frame.length;
        fc.pre(!isInstant(at));
        frame[at] = (frame[at] as number) ^ (1 << bit);
        expect(await damageIn(reader, frame)).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  test.each(combinations.filter((other) => other.isEncrypted === (options.encryption !== undefined)))(
    "is read by $codec, compression $compression",
    async (other) => {
      for (const value of [{ list: "x".repeat(100), n: 1 }, Buffer.from("bytes".repeat(50)), new Uint8Array(300)]) {
        const frame = await write(coderOf(options), value);
        expect(difference(await read(coderOf(other.options), frame), value)).toBeUndefined();
      }
    },
  );
});

describe("a codec of one's own", () => {
  const shout = {
    id: 99,
    name: "shout",
    encode: (value: unknown) => Buffer.from(String(value).toUpperCase()),
    decode: (bytes: Uint8Array) => Buffer.from(bytes).toString().toLowerCase(),
  };

  test("gets everything, bytes as well: it may do more than turn values into bytes", async () => {
    const coder = coderOf({ codec: shout });
    expect(await read(coder, await write(coder, Buffer.from("loud")))).toBe("loud");
  });

  test("reads what the built-in ones have written", async () => {
    for (const codec of CODECS)
      expect(await read(coderOf({ codec: shout }), await write(coderOf({ codec }), ["a"]))).toEqual(["a"]);
  });

  test("P14 is missed by whoever does not have it", async () => {
    for (const codec of CODECS)
      expect(await damageIn(coderOf({ codec }), await write(coderOf({ codec: shout }), "a"))).toBe("unknown-codec");
  });

  test("that gives something else than bytes is named", async () => {
    const coder = coderOf({ codec: { ...shout, encode: () => "text" as never } });
    expect(() => coder.encode(1)).toThrow(
      expect.objectContaining({
        code: "unserializable",
        message: "what encode of the codec shout gives must be a Uint8Array, got 'text'",
      }),
    );
  });

  test("that promises bytes is named, and ends no process when it fails", () => {
    const coder = coderOf({ codec: { ...shout, encode: () => Promise.reject(new Error("no")) as never } });
    expect(() => coder.encode(1)).toThrow(expect.objectContaining({ code: "unserializable" }));
  });

  test("P14 that throws, or promises what fails, is a miss", async () => {
    const frame = await write(coderOf({ codec: shout }), "a");
    const broken = (decode: () => unknown) => coderOf({ codec: { ...shout, decode } });
    expect(
      await damageIn(
        broken(() => {
          throw new Error("no");
        }),
        frame,
      ),
    ).toBe("payload");
    expect(
      await damageIn(
        broken(async () => {
          throw new Error("no");
        }),
        frame,
      ),
    ).toBe("payload");
    expect(
      await read(
        broken(async () => "later"),
        frame,
      ),
    ).toBe("later");
  });
});

test("what turns out to be unserializable once the codec is there ends no process, though nobody has looked yet", async () => {
  const coder = coderOf();
  const encoding = coder.encode(() => 1);
  await coder.load();
  // Node tells of rejections that nobody handles after a turn of the event loop.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  await expect(encoding).rejects.toMatchObject({ code: "unserializable" });
});

test("with nothing configured there is no promise once the codec is there", async () => {
  const coder = coderOf();
  await coder.load();
  expect(coder.encode({ a: 1 })).toMatchObject({ codecId: 1, isCompressed: false });
});
