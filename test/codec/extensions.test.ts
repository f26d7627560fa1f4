// Classes that codecs have been taught: their instances come back as such, or the write says why not.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec, ExtensibleCodec } from "../../src/contracts/codec.ts";
import { groupsOf } from "../../src/codec/graph-order.ts";
import { jsonCodec, msgpackCodec, v8Codec } from "../../src/codec/index.ts";
import { coderOf, damageIn, read, write } from "./payload-kit.ts";
import { Basket, CODECS, Money, taught } from "./money.ts";
import { difference } from "./sameness.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";

forbidUnhandledRejections();

const roundTrip = <T>(codec: Codec, value: T): T => codec.decode(codec.encode(value)) as T;
const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ name: "CacheError" });
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return "not refused";
};

describe.each(CODECS)("$name", (plain) => {
  const codec = taught(plain);

  test("P13 an instance comes back as one, wherever it is", () => {
    const back = roundTrip(codec, { a: [new Money(5n, "EUR")], b: new Money(-(2n ** 70n), "CHF") });
    expect(back.a[0]).toBeInstanceOf(Money);
    expect([back.a[0]?.cents, back.a[0]?.currency, back.b.cents]).toEqual([5n, "EUR", -(2n ** 70n)]);
    expect(roundTrip(codec, new Money(1n, "EUR")).cents).toBe(1n);
  });

  test("P13 instances may hold instances, to any depth", () => {
    let basket = new Basket([{ name: "shoe", price: new Money(1n, "EUR") }]);
    for (let level = 0; level < 100; level++) basket = new Basket([], { outer: [basket] });
    let inner: unknown = roundTrip(codec, basket);
    for (let level = 0; level < 100; level++) {
      expect(inner).toBeInstanceOf(Basket);
      inner = (inner as { parent: { outer: unknown[] } }).parent.outer[0];
    }
    expect((inner as Basket).lines[0]?.price.cents).toBe(1n);
  });

  test("P13 a plain value is written as by the codec that has been taught nothing", () => {
    for (const value of [null, [1, { a: "b" }], "text"])
      expect(Buffer.from(codec.encode(value)).equals(Buffer.from(plain.encode(value)))).toBe(true);
  });

  test("P13 an object that looks like a tag stays one", () => {
    const tags = [{ $type: "Money", value: ["1", "EUR"] }, { $type: "", value: { $type: "x" } }, { $type: null }];
    for (const tag of [...tags, tags, { a: tags }]) {
      expect(difference(roundTrip(codec, tag), tag)).toBeUndefined();
      const back = roundTrip(codec, [new Money(7n, "EUR"), tag]);
      expect([(back[0] as Money).cents, difference(back[1], tag)]).toEqual([7n, undefined]);
    }
  });

  test("P13 a member called __proto__ may hold an instance", () => {
    const value = Object.fromEntries([["__proto__", new Money(3n, "EUR")]]) as Record<string, Money>;
    const back = roundTrip(codec, value);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    const [[, money] = []] = Object.entries(back);
    expect(money?.cents).toBe(3n);
  });

  test("P13 an instance of a subclass is refused, and one of a class that is not taught", () => {
    class Gold extends Money {}
    const rule = plain === jsonCodec ? "what JSON carries unchanged" : "plain data to be stored as bytes";
    expect(messageOf(() => codec.encode([{ price: new Gold(1n, "XAU") }]))).toBe(
      `unserializable: value[0].price must be ${rule}, got an instance of Gold`,
    );
    expect(messageOf(() => plain.encode([new Money(1n, "EUR")]))).toBe(
      `unserializable: value[0] must be ${rule}, got an instance of Money`,
    );
  });

  test("P13 what encode gives is checked like any value, and the path leads into it", () => {
    const odd = plain.extend(Money, { encode: () => ({ rates: [() => 1] }), decode: () => new Money(1n, "EUR") });
    expect(messageOf(() => odd.encode({ a: [new Money(1n, "EUR")] }))).toContain(
      "unserializable: value.a[0]<Money>.rates[0] must be ",
    );
  });

  test("P13 an encode that throws is named with the place, and its error is the cause", () => {
    const cause = new Error("no rates today");
    const odd = plain.extend(Money, {
      encode: () => {
        throw cause;
      },
      decode: () => new Money(1n, "EUR"),
    });
    expect(() => odd.encode({ a: [new Money(1n, "EUR")] })).toThrow(
      expect.objectContaining({
        code: "unserializable",
        cause,
        message: expect.stringContaining("value.a[0] must be") as string,
      }),
    );
  });

  test("P13 an instance that is made of itself is refused", () => {
    const members: { self?: Basket } = {};
    members.self = new Basket([], members);
    expect(messageOf(() => codec.encode({ first: members }))).toMatch(
      /^unserializable: value\.first\.self(<Basket>\.parent)? must be /,
    );
    const odd = plain.extend(Money, { encode: (money) => money, decode: (money) => money });
    expect(messageOf(() => odd.encode([new Money(1n, "EUR")]))).toMatch(
      /^unserializable: value\[0\](<Money>)? must be /,
    );
  });

  test("P14 an instance of a class that the reader has not been taught is a miss that says so", async () => {
    const frame = await write(coderOf({ codec }), [new Money(1n, "EUR")]);
    expect(await damageIn(coderOf({ codec: plain }), frame)).toBe("unknown-extension");
    expect(await damageIn(coderOf({ codec: plain.name as "json" }), frame)).toBe("unknown-extension");
  });

  test("P14 what decode refuses, or makes of it, is a miss if it is no instance", async () => {
    const frame = await write(coderOf({ codec }), [new Money(1n, "EUR")]);
    const encode = (): null => null;
    for (const decode of [
      () => ({}) as Money,
      () => null as unknown as Money,
      () => new (class extends Money {})(1n, "EUR"),
    ])
      expect(await damageIn(coderOf({ codec: plain.extend(Money, { encode, decode }) }), frame)).toBe("payload");
    const decode = (): Money => {
      throw new Error("not today");
    };
    expect(await damageIn(coderOf({ codec: plain.extend(Money, { encode, decode }) }), frame)).toBe("payload");
  });

  test("an asynchronous encode or decode is a mistake, and ends no process when it fails", async () => {
    const encode = ({ currency }: Money): string => currency;
    const decode = (currency: string): Money => new Money(1n, currency);
    const fails = (): Promise<never> => Promise.reject(new Error("later"));
    const late = plain.extend(Money, { encode: fails as never, decode });
    expect(messageOf(() => late.encode([new Money(1n, "EUR")]))).toMatch(/^unserializable: value\[0\]<Money> must be /);
    const frame = await write(coderOf({ codec: plain.extend(Money, { encode, decode }) }), [new Money(1n, "EUR")]);
    expect(await damageIn(coderOf({ codec: plain.extend(Money, { encode, decode: fails as never }) }), frame)).toBe(
      "payload",
    );
  });

  test.each(CODECS)("whoever writes with $name knows them too when he reads", async (other) => {
    const frame = await write(coderOf({ codec }), [new Money(1n, "EUR")]);
    const [money] = (await read(coderOf({ codec: taught(other) }), frame)) as [Money];
    expect(money.cents).toBe(1n);
  });

  test("teaching makes another codec and leaves the first as it is", () => {
    const other = plain.extend(Money, { encode: () => 1, decode: () => new Money(1n, "EUR") });
    expect(other).not.toBe(plain);
    expect(messageOf(() => plain.encode(new Money(1n, "EUR")))).toContain("unserializable");
    expect([other.id, other.name, Object.isFrozen(other)]).toEqual([plain.id, plain.name, true]);
  });

  test("a URL can be taught", () => {
    const withUrls = plain.extend(URL, { encode: ({ href }) => href, decode: (href) => new URL(href) });
    expect(roundTrip(withUrls, { at: new URL("http://localhost/a?b#c") }).at.href).toBe("http://localhost/a?b#c");
  });

  test("an error of a class of one's own can be taught", () => {
    class NotFound extends Error {}
    const withErrors = plain.extend(NotFound, {
      encode: ({ message }) => message,
      decode: (text) => new NotFound(text),
    });
    const back = roundTrip(withErrors, { error: new NotFound("k") });
    expect([back.error instanceof NotFound, back.error.message]).toEqual([true, "k"]);
  });

  const extension = { encode: () => 1, decode: () => new Money(1n, "EUR") };
  class Other {}
  class Ab {}
  const carried =
    plain === jsonCodec ? [Object, Array] : [Object, Array, Date, Map, Set, RegExp, TypeError, Buffer, Float64Array];

  test.each<[string, () => unknown, string]>([
    [
      "a class twice",
      () => codec.extend(Money, { ...extension, name: "Again" }),
      "class must be one that the codec does not know yet, got Again",
    ],
    [
      "a name twice",
      () => codec.extend(Other, { name: "Money", encode: () => 1, decode: () => new Other() }),
      "name of a class must be one that no other class has, got Money",
    ],
    [
      "a minified name",
      () => plain.extend(Ab, { encode: () => 1, decode: () => new Ab() }),
      "name must be given where that of the class has one or two letters, as minifiers make them, got 'Ab'",
    ],
    [
      "no name at all",
      () => plain.extend(class {}, { encode: () => 1, decode: () => ({}) }),
      "name must be given where",
    ],
    ["an empty name", () => plain.extend(Money, { ...extension, name: "" }), "name must be a non-empty string, got ''"],
    [
      "a name that is no text",
      () => plain.extend(Money, { ...extension, name: 5 as never }),
      "name must be a non-empty string, got 5",
    ],
    ["what is no class", () => plain.extend((() => 1) as never, extension), "class must be a class, got a function"],
    ["nothing", () => plain.extend(undefined as never, extension), "class must be a class, got undefined"],
    [
      "no encode",
      () => plain.extend(Money, { decode: extension.decode } as never),
      "encode of Money must be a function, got undefined",
    ],
    [
      "no extension",
      () => plain.extend(Money, undefined as never),
      "encode of Money must be a function, got undefined",
    ],
  ])("refuses %s", (_name, extend, message) => {
    expect(messageOf(extend)).toContain(`invalid_option: ${message}`);
  });

  test.each(carried)("refuses what it carries anyway: %o", (type) => {
    expect(messageOf(() => plain.extend(type as never, { encode: () => 1, decode: () => ({}) }))).toContain(
      "invalid_option: class must be one that the codec does not carry anyway",
    );
  });

  test("a name of one letter may be given", () => {
    expect(roundTrip(plain.extend(Money, { ...extension, name: "m" }), new Money(9n, "x")).cents).toBe(1n);
  });
});

describe.each<ExtensibleCodec>([msgpackCodec, v8Codec])("$name", (plain) => {
  const codec = taught(plain);

  test("P13 an instance that is in several places comes back as one", () => {
    const money = new Money(5n, "EUR");
    const back = roundTrip(codec, { list: [money, money], map: new Map([[money, money]]) });
    expect([back.list[0] === back.list[1], [...back.map.keys()][0] === back.list[0]]).toEqual([true, true]);
  });

  test("P13 cycles may go on around instances, and within what they are made of", () => {
    const loop: unknown[] = [1];
    loop.push(loop);
    const whole: Record<string, unknown> = { basket: new Basket([], { loop, shared: loop }) };
    whole["whole"] = whole;
    const back = roundTrip(codec, whole) as {
      basket: { parent: { loop: unknown[]; shared: unknown } };
      whole: unknown;
    };
    const { loop: copy, shared } = back.basket.parent;
    expect([back.whole === back, copy[1] === copy, shared === copy, copy[0]]).toEqual([true, true, true, 1]);
  });

  test("P13 what an instance is made of is complete when decode gets it, in whatever order it was met", () => {
    const seen: unknown[] = [];
    const watching = plain.extend(Basket, {
      encode: ({ parent }) => parent,
      decode: (parent) => {
        seen.push(JSON.stringify(parent));
        return new Basket([], parent);
      },
    });
    const deep = { list: [{ n: 1 }, { n: 2 }], map: [[1, { deep: true }]] };
    watching.decode(watching.encode({ early: { deep }, basket: new Basket([], { deep }), late: deep }));
    expect(seen).toEqual([JSON.stringify({ deep })]);
  });

  test("P13 a way back to an instance over something that was met before it is refused", () => {
    const hub: Record<string, unknown> = {};
    const spoke = { hub };
    hub["spoke"] = spoke;
    hub["basket"] = new Basket([], spoke);
    expect(messageOf(() => codec.encode(hub))).toContain(
      "unserializable: value.basket must be without a way back to itself in what encode of Basket gives",
    );
  });
});

test("JSON can be taught what only JSON lacks", () => {
  const codec = jsonCodec
    .extend(Date, { encode: (date) => date.toISOString(), decode: (text) => new Date(text) })
    .extend(Map<unknown, unknown>, { encode: (map) => [...map], decode: (entries) => new Map(entries) });
  const value = { at: new Date(5), map: new Map([["k", new Date(6)]]) };
  expect(difference(roundTrip(codec, value), value)).toBeUndefined();
});

test("JSON with instances is still JSON to every other program", () => {
  const text = Buffer.from(taught(jsonCodec).encode({ a: new Money(5n, "EUR") })).toString();
  expect(JSON.parse(text)).toEqual({ a: { $type: "Money", value: ["5", "EUR"] } });
});

describe("the order of a graph", () => {
  const pointers = fc.array(fc.array(fc.nat({ max: 11 }), { maxLength: 4 }), { minLength: 1, maxLength: 12 });

  /** By walking from everywhere to everywhere. */
  const reaches = (nodes: readonly (readonly number[])[], from: number, to: number): boolean => {
    const seen = new Set<number>();
    const open = [...(nodes[from] as readonly number[])];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      open.push(...(nodes[at] as readonly number[]));
    }
    return seen.has(to);
  };

  test("has together what is in a cycle, and everything else after what it points to", () => {
    fc.assert(
      fc.property(pointers, (drawn) => {
        const nodes = drawn.map((targets) => targets.map((target) => target % drawn.length));
        const groups = groupsOf(nodes.map((targets) => ["a", ...targets.map((target) => [target + 1])]));
        expect(groups.flat().toSorted((a, b) => a - b)).toEqual([...nodes.keys()]);
        const placeOf = (node: number): number => groups.findIndex((group) => group.includes(node));
        for (const a of nodes.keys())
          for (const b of nodes.keys()) {
            if (a === b) continue;
            const isMutual = reaches(nodes, a, b) && reaches(nodes, b, a);
            expect(placeOf(a) === placeOf(b)).toBe(isMutual);
            if (!isMutual && reaches(nodes, a, b)) expect(placeOf(b)).toBeLessThan(placeOf(a));
          }
      }),
      { numRuns: 300 },
    );
  });
});
