// P13 for every codec: each kind of value comes back as it went in, or its write throws and says where the trouble is.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BuiltInCodec } from "../../src/model/payload-options.ts";
import { arbitraryValues, graphs } from "./arbitrary-values.ts";
import { coderOf, read, write } from "./payload-kit.ts";
import { difference } from "./sameness.ts";
import { KINDS, REFUSALS, type Fate, type Kind } from "./value-table.ts";
import { tableOfValues, VALUES_PAGE } from "./value-page.ts";

const CODECS: readonly BuiltInCodec[] = ["msgpack", "json", "v8"];

const RULES = { msgpack: "plain data to be stored as bytes", v8: "plain data to be stored as bytes" } as const;
const ruleOf = (codec: BuiltInCodec): string => (codec === "json" ? "what JSON carries unchanged" : RULES[codec]);
const fateOf = (codec: BuiltInCodec, { graph, json }: Kind): Fate => (codec === "json" ? json : graph);

/** The fate of a value with a codec; every other outcome fails the test. */
async function fate(codec: BuiltInCodec, value: unknown, copy: unknown = value): Promise<Fate> {
  const coder = coderOf({ codec });
  let frame: Buffer;
  try {
    frame = await write(coder, value);
  } catch (error) {
    expect(error).toMatchObject({ name: "CacheError", code: "unserializable" });
    expect((error as Error).message).toMatch(/^value\S* must be /);
    return "refused";
  }
  const back = await read(coderOf({ codec }), frame);
  if (difference(back, value) === undefined) return "carried";
  expect(difference(back, copy)).toBeUndefined();
  return "copied";
}

describe.each(CODECS)("%s", (codec) => {
  for (const kind of KINDS) {
    test.each(kind.values)(`P13 ${kind.kind}: %s`, async (_name, value) => {
      const copy = fateOf(codec, kind) === "copied" ? JSON.parse(JSON.stringify(value)) : value;
      expect(await fate(codec, value, copy)).toBe(fateOf(codec, kind));
    });
  }

  const inside = KINDS.filter(({ kind }) => !/whole value|levels/.test(kind));
  test.each(inside)("P13 $kind further inside", async (kind) => {
    for (const [, value] of kind.values) {
      const whole = { inside: [value] };
      const copy = fateOf(codec, kind) === "copied" ? JSON.parse(JSON.stringify(whole)) : whole;
      expect(await fate(codec, whole, copy)).toBe(fateOf(codec, kind));
    }
  });

  test.each(REFUSALS)("P13 refuses $name, and says where", async ({ value, path, jsonPath, got }) => {
    const at = codec === "json" ? (jsonPath ?? path) : path;
    const error = await write(coderOf({ codec }), value).catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ name: "CacheError", code: "unserializable" });
    const { message } = error as Error;
    const rule = `${at} must be ${ruleOf(codec)}, got `;
    expect(message.slice(0, rule.length)).toBe(rule);
    if (at === path) expect(message.slice(rule.length)).toBe(got);
    expect(message).not.toContain("t0k3n");
  });

  test("P13 a getter counts as the value it gives", async () => {
    const value = {
      first: "A",
      get both() {
        return `${this.first}B`;
      },
    };
    const back = await read(coderOf({ codec }), await write(coderOf({ codec }), { value }));
    expect(difference(back, { value: { first: "A", both: "AB" } })).toBeUndefined();
  });

  test("P13 a Proxy counts as the data it shows", async () => {
    const observed = new Proxy({ list: new Proxy([1, { a: "b" }], {}) }, {});
    for (const value of [observed, { inside: [observed] }]) {
      const frame = await write(coderOf({ codec }), value);
      expect(await read(coderOf({ codec }), frame)).toEqual(value);
    }
  });

  test("P13 whatever data anybody comes up with comes back unchanged or is refused", async () => {
    const [writer, reader] = [coderOf({ codec }), coderOf({ codec })];
    const check = async (value: unknown): Promise<void> => {
      const frame = await write(writer, value).catch((error: unknown) => error);
      if (!Buffer.isBuffer(frame)) expect([codec, frame]).toMatchObject(["json", { code: "unserializable" }]);
      else expect(difference(await read(reader, frame), value)).toBeUndefined();
    };
    await fc.assert(fc.asyncProperty(fc.oneof(arbitraryValues, fc.jsonValue()), check), { numRuns: 500 });
    // JSON gives copies of what is shared.
    if (codec !== "json") await fc.assert(fc.asyncProperty(graphs, check), { numRuns: 300 });
  });

  test("P13 a Buffer comes back with no more than its bytes, on memory that nobody else has", async () => {
    const { buffer } = Buffer.from("pooled");
    for (const value of [Buffer.from("0123456789").subarray(2, 5), new Uint8Array([1, 2, 3]).subarray(1)]) {
      const frame = await write(coderOf({ codec }), Object.assign(value, { note: 1 }));
      const back = (await read(coderOf({ codec }), frame)) as Uint8Array;
      expect(Object.keys(back)).not.toContain("note");
      expect([back.buffer.byteLength, back.buffer === buffer, back.buffer === frame.buffer]).toEqual([
        back.length,
        false,
        false,
      ]);
      const before = Buffer.from(back).toString("hex");
      frame.fill(0);
      expect(Buffer.from(back).toString("hex")).toBe(before);
    }
  });

  test("P13 bytes further inside are on memory of their own, too", async () => {
    if (codec === "json") return;
    const frame = await write(coderOf({ codec }), { small: Buffer.from("small"), large: Buffer.alloc(9_000, "x") });
    const back = (await read(coderOf({ codec }), frame)) as { small: Buffer; large: Buffer };
    frame.fill(0);
    expect([back.small.toString(), back.large.equals(Buffer.alloc(9_000, "x"))]).toEqual(["small", true]);
    expect([back.small.buffer, back.large.buffer]).not.toContain(frame.buffer);
  });

  test("what the caller changes after the call is not what is stored", async () => {
    const coder = coderOf({ codec });
    await coder.load();
    const bytes = Buffer.from("before");
    const value = { text: "before" };
    const payloads = [coder.encode(bytes), coder.encode(value)];
    bytes.fill("x");
    value.text = "after";
    expect(payloads.map((payload) => payload instanceof Promise)).toEqual([false, false]);
    const texts = payloads.map((payload) => Buffer.from((payload as { bytes: Uint8Array }).bytes).toString("latin1"));
    expect(texts.every((text) => text.includes("before"))).toBe(true);
  });
});

test("the page about values says what the codecs do", () => {
  expect(readFileSync(VALUES_PAGE, "utf8")).toContain(tableOfValues());
});
