// Golden frames: what a release has written, every later release reads.

import { readdirSync, readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeFrame } from "../../src/codec/frame-decode.ts";
import { frameChecksum } from "../../src/codec/frame-encode.ts";
import { FRAME_OFFSETS, readInstants, readVersion } from "../../src/codec/frame-layout.ts";
import { goldenFrames } from "./golden-frames.ts";
import { coderOf } from "./payload-kit.ts";
import { difference } from "./sameness.ts";
import { frameOf, goldenIndex } from "./write-golden.ts";

const FOLDER = new URL("../golden/frame-v1/", import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(`${name}.bin`, FOLDER));

describe("golden frames of format 1", () => {
  test("are all told of", () => {
    const names = readdirSync(FOLDER).filter((file) => file.endsWith(".bin"));
    expect(names.toSorted()).toEqual(goldenFrames.map(({ name }) => `${name}.bin`).toSorted());
    expect(readFileSync(new URL("index.md", FOLDER), "utf8")).toBe(goldenIndex());
  });

  const readable = goldenFrames.filter(({ name }) => name !== "zstd" || "zstdCompressSync" in zlib);

  test.each(readable)(
    "P13 $name gives back its envelope and value",
    async ({ name, key, envelope, options, value }) => {
      const frame = decodeFrame(key, read(name));
      if (frame.kind === "damaged") throw new Error(frame.reason);
      expect(frame.envelope).toEqual(envelope);
      expect(difference(await coderOf(options).decode(frame), value)).toBeUndefined();
    },
  );

  test.each(goldenFrames)("$name is judged without decoding", ({ name, envelope }) => {
    expect(envelope).toMatchObject(readInstants(read(name)) as object);
    expect(readVersion(read(name))).toBe(envelope.version);
  });

  const exact = goldenFrames.filter(({ isExact }) => isExact);

  test.each(exact)("$name is written today as it was then", async (golden) => {
    expect((await frameOf(golden)).toString("hex")).toBe(read(golden.name).toString("hex"));
  });

  test("P13 those that are not written alike every time are read by whoever writes otherwise", async () => {
    const others = goldenFrames.filter(({ isExact, options }) => !isExact && options.encryption === undefined);
    for (const { name, key, value } of others.filter((golden) => readable.includes(golden))) {
      const frame = decodeFrame(key, read(name));
      if (frame.kind === "damaged") throw new Error(frame.reason);
      expect(difference(await coderOf({ codec: "json" }).decode(frame), value)).toBeUndefined();
    }
  });

  test.each(goldenFrames)("P14 $name as a newer release would mark it is a miss, not an error", ({ name, key }) => {
    const newer = read(name);
    newer.writeUInt8(2, FRAME_OFFSETS.format);
    newer.writeUInt32BE(frameChecksum(key, newer), FRAME_OFFSETS.checksum);
    expect(decodeFrame(key, newer)).toEqual({ kind: "damaged", reason: "unknown-format" });
    expect(readInstants(newer)).toBeUndefined();
  });

  test.each(goldenFrames)("P14 $name under another key is a miss", ({ name, key }) => {
    expect(decodeFrame(`${key}0`, read(name))).toEqual({ kind: "damaged", reason: "checksum" });
  });
});
