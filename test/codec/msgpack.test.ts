// P13 for the default codec: what it makes of values. What it carries and refuses is in values.test.ts.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { msgpackCodec, v8Codec } from "../../src/codec/index.ts";
import { difference } from "./sameness.ts";

const GRAPH = 0xc1;

const roundTrip = (value: unknown): unknown => msgpackCodec.decode(msgpackCodec.encode(value));

/** What a round trip changes; `undefined` when it gives back the very same, or what is expected instead. */
function changeOf(value: unknown, expected: unknown = value): string | undefined {
  return difference(roundTrip(value), expected);
}

function nested(depth: number): unknown {
  let value: unknown = "the end";
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

class Secret {
  readonly token = "t0k3n";
}

describe.each([msgpackCodec, v8Codec])("P13 comes back as it went in, with $name:", (codec) => {
  test.each([99, 100, 101, 102, 103, 20_000])("%d levels, without running out of stack", (depth) => {
    const bytes = codec.encode(nested(depth));
    let value = codec.decode(bytes);
    let levels = 0;
    for (; typeof value === "object" && value !== null; levels++) value = Object.values(value)[0];
    expect([levels, value]).toEqual([depth, "the end"]);
  });
});

describe("what a value is made of", () => {
  test("a getter counts as the value it gives", () => {
    const value = {
      first: "A",
      get both() {
        return `${this.first}B`;
      },
    };
    expect(changeOf(value, { first: "A", both: "AB" })).toBeUndefined();
    expect(changeOf([-0, value], [-0, { first: "A", both: "AB" }])).toBeUndefined();
  });

  test("members that are not enumerable are not data", () => {
    const hidden = Object.defineProperty({ a: 1 }, "hidden", { value: () => 1 });
    expect(changeOf(hidden, { a: 1 })).toBeUndefined();
    expect(changeOf([-0, hidden], [-0, { a: 1 }])).toBeUndefined();
    expect(changeOf(Object.defineProperty([1], Symbol("hidden"), { value: 1 }), [1])).toBeUndefined();
  });

  test("frozen objects come back unfrozen", () => {
    expect(changeOf(Object.freeze({ a: 1 }), { a: 1 })).toBeUndefined();
  });

  test("a Buffer comes back with no more than its bytes, and on memory of its own", () => {
    const slice = Buffer.from("0123456789").subarray(2, 5);
    const bytes = msgpackCodec.encode({ slice: Object.assign(slice, { note: 1 }) });
    const { slice: copy } = msgpackCodec.decode(bytes) as { slice: Buffer };
    expect(difference(copy, Buffer.from("234"))).toBeUndefined();
    expect(Object.keys(copy)).toEqual(["0", "1", "2"]);
    bytes.fill(0);
    expect(copy.toString()).toBe("234");
  });

  test("a Buffer that pretends to be something else comes back as a Buffer", () => {
    expect(changeOf(Object.assign(Buffer.from("b"), { constructor: 1 }), Buffer.from("b"))).toBeUndefined();
  });

  test("bytes are read from a view of a larger buffer, with and without a graph", () => {
    for (const value of [{ a: 1, b: "text" }, [-0, new Date(1)]]) {
      const bytes = msgpackCodec.encode(value);
      const large = new Uint8Array(bytes.length + 20).fill(0xc1);
      large.set(bytes, 10);
      expect(difference(msgpackCodec.decode(large.subarray(10, 10 + bytes.length)), value)).toBeUndefined();
    }
  });

  test("an encoded value is not overwritten by the next", () => {
    const first = msgpackCodec.encode({ a: 1 });
    const before = Buffer.from(first);
    for (let n = 0; n < 1_000; n++) msgpackCodec.encode([-0, { n }]);
    expect(Buffer.from(first).equals(before)).toBe(true);
  });

  test("a plain tree is nothing but MessagePack", () => {
    expect(Buffer.from(msgpackCodec.encode([1, "a", null])).toString("hex")).toBe("9301a161c0");
    expect(msgpackCodec.encode([1, -0])[0]).toBe(GRAPH);
  });
});

describe("P13 is refused, and the message names the path:", () => {
  const pathOf = (value: unknown): string => {
    try {
      msgpackCodec.encode(value);
    } catch (error) {
      expect(error).toMatchObject({ name: "CacheError", code: "unserializable" });
      return (error as Error).message;
    }
    return "not refused";
  };
  const rule = "must be plain data to be stored as bytes, got";

  test("the arguments of a function", () => {
    function own(): unknown {
      return arguments;
    }
    expect(pathOf(own())).toBe(`value ${rule} an instance of Object`);
  });

  test("memory that may grow", () => {
    const growing = Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }]) as ArrayBuffer;
    expect(pathOf({ growing })).toBe(`value.growing ${rule} an instance of ArrayBuffer`);
  });

  test("at the end of a long way", () => {
    let value: unknown = new Secret();
    for (let level = 0; level < 3_000; level++) value = [value];
    expect(pathOf(value)).toBe(`value${"[0]".repeat(3_000)} ${rule} an instance of Secret`);
  });

  test("and nothing of what it holds is told", () => {
    expect(pathOf({ auth: new Secret() })).not.toContain("t0k3n");
  });
});

describe("the rest of the process", () => {
  test("an encoding that failed leaves the next one whole", () => {
    const value = {
      get broken(): unknown {
        throw new Error("from a getter");
      },
    };
    expect(() => msgpackCodec.encode([{ a: 1 }, value])).toThrow("from a getter");
    expect(changeOf([{ a: 1 }, { broken: 1 }])).toBeUndefined();
  });

  test("a getter that uses the codec itself disturbs nothing", () => {
    const inner = [{ a: 1, b: [new Date(0)] }];
    const value = {
      before: inner.slice(),
      get inner() {
        return difference(roundTrip(inner), inner) ?? "same";
      },
      after: [{ a: 2, b: [] }],
    };
    expect(
      changeOf(value, { before: [{ a: 1, b: [new Date(0)] }], inner: "same", after: [{ a: 2, b: [] }] }),
    ).toBeUndefined();
  });

  test("a toJSON on Object.prototype changes nothing", () => {
    // oxlint-disable-next-line no-extend-native
    Object.defineProperty(Object.prototype, "toJSON", { value: () => "changed", configurable: true });
    try {
      expect(changeOf({ constructor: 1, a: new Map([[1, { b: 2 }]]) })).toBeUndefined();
    } finally {
      Reflect.deleteProperty(Object.prototype, "toJSON");
    }
  });

  test.each<[string, unknown]>([
    ["no graph", "text"],
    ["a pointer to nowhere", [[2], ["o"]]],
    ["a node of an unknown kind", [[1], ["?"]]],
    ["a class of errors that nobody has", [[1], ["e", "constructor"]]],
    ["a class of bytes that nobody has", [[1], ["b", "Blob", Buffer.alloc(1)]]],
  ])("bytes that hold %s are refused", (_, content) => {
    const bytes = Buffer.concat([Buffer.of(GRAPH), msgpackCodec.encode(content)]);
    expect(() => msgpackCodec.decode(bytes)).toThrow(TypeError);
  });

  test("other bytes throw and leave the next decoding whole", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        try {
          msgpackCodec.decode(random);
        } catch {
          // As it should for most.
        }
        expect(changeOf([{ a: [1, { b: new Map([[1, 2]]) }] }])).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
