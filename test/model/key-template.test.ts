// Key templates: what a template may say, which arguments it takes, and that no two argument lists share a key.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CacheError } from "../../src/errors.ts";
import { compileKeyTemplate, type ParameterName } from "../../src/model/key-template.ts";

const NAMES: readonly ParameterName[] = ["id", "user", undefined, "...others"];

function key(template: string, args: readonly unknown[], self?: unknown): string {
  return compileKeyTemplate(template, NAMES)(self, args);
}

function errorOf(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CacheError);
    const { code, message } = error as CacheError;
    return { code, message };
  }
  throw new Error("nothing was thrown");
}

describe("a key template", () => {
  it.each([
    ["products", [], "products"],
    ["product:{id}", ["7"], "product:7"],
    ["{0}", ["7"], "7"],
    ["a:{1}:b:{0}:c", ["x", "y"], "a:y:b:x:c"],
    ["{id}/{id}", ["7"], "7/7"],
    ["{user.id}", ["", { id: 5 }], "5"],
    ["{user.address.city}", ["", { address: { city: "Oslo" } }], "Oslo"],
    ["{0.0.name}", [[{ name: "first" }]], "first"],
    ["{0.length}", ["four"], "4"],
    ["{3}", [0, 0, 0, "rest"], "rest"],
    ["{12}", [...Array<number>(12), "twelve"], "twelve"],
  ])("makes %s from arguments %j", (template, args, expected) => {
    expect(key(template, args)).toBe(expected);
  });

  it("reads properties of this", () => {
    expect(key("{this.tenant}:{this.region.name}", [], { tenant: "acme", region: { name: "eu" } })).toBe("acme:eu");
  });

  it("takes doubled braces as literal ones", () => {
    expect(key("{{id}}", ["7"])).toBe("{id}");
    expect(key("{{{id}}}", ["7"])).toBe("{7}");
    expect(key("{{}}", [])).toBe("{}");
    expect(key("a}}b{{c", [])).toBe("a}b{c");
  });

  it("takes names outside ASCII and with $ or _", () => {
    const compiled = compileKeyTemplate("{größe}:{$_1}", ["größe", "$_1"]);
    expect(compiled(undefined, ["XL", "b"])).toBe("XL:b");
  });

  it("leaves the value of a placeholder to the time of the call", () => {
    const compiled = compileKeyTemplate("product:{id}", ["id"]);
    expect([compiled(undefined, ["1"]), compiled(undefined, ["2"])]).toEqual(["product:1", "product:2"]);
  });
});

describe("compiling refuses", () => {
  const refused = (template: string) => errorOf(() => compileKeyTemplate(template, NAMES));

  it.each([
    ["product:{id", 'a lone "{" at position 8'],
    ["product:id}", 'a lone "}" at position 10'],
    ["{id}}", 'a lone "}" at position 4'],
    ["{{id}", 'a lone "}" at position 4'],
    ["{user{id}}", 'a lone "{" at position 0'],
    ["{", 'a lone "{" at position 0'],
    ["product:{}", "got {}"],
    ["{ id }", "got { id }"],
    ["{id name}", "got {id name}"],
    ["{.id}", "got {.id}"],
    ["{id.}", "got {id.}"],
    ["{id..x}", "got {id..x}"],
    ["{1a}", "got {1a}"],
    ["{-1}", "got {-1}"],
    ["{:hash}", "got {:hash}"],
    ["{this}", "got {this}"],
    ["{00}", "got {00}"],
    ["{100}", "from 0 to 99"],
    ["{others}", "by index ({3}), got {others}"],
    ["a\ud800", "a lone surrogate"],
  ])("%s, saying %s", (template, found) => {
    const { code, message } = refused(template);
    expect(code).toBe("invalid_key_template");
    expect(message).toContain(JSON.stringify(template));
    expect(message).toContain(found);
  });

  it("an unknown parameter name, and lists the known ones", () => {
    expect(refused("product:{product}").message).toBe(
      'key template "product:{product}" must name known parameters (id, user, (unnamed), ...others), got {product}',
    );
  });

  it("any name where none is known, and suggests an index", () => {
    expect(errorOf(() => compileKeyTemplate("{id}", [])).message).toContain("use an index such as {0}");
  });

  it("a format where none are known, and says where they are", () => {
    expect(refused("{id:hash}").message).toContain(
      "must not name a format, which only freshtier/decorators knows: use its wrap(fn, options), got {id:hash}",
    );
  });

  it("an empty template and anything that is no string", () => {
    expect(refused("").code).toBe("invalid_key_template");
    expect(refused(7 as unknown as string).message).toBe("a key template must be a non-empty string, got 7");
  });

  it.each([
    ["{0}{1}", "nothing between them"],
    ["{0}x{1}", '"x"'],
    ["{0}:{1}%9{2}", '"%9"'],
  ])("%s, whose placeholders nothing delimits", (template, found) => {
    const { code, message } = refused(template);
    expect(code).toBe("invalid_key_template");
    expect(message).toContain(`such as ":", got ${found}`);
  });
});

describe("an argument", () => {
  it.each<[unknown, string]>([
    ["", ""],
    ["a b", "a%20b"],
    ["a:b", "a%3Ab"],
    ["50%", "50%25"],
    ["*?[]\\{}", "%2A%3F%5B%5D%5C%7B%7D"],
    ["A-z_0.9~", "A-z_0.9~"],
    ["größe→😀", "größe→😀"],
    ["\n\u007f", "%0A%7F"],
    ["\ud83d", "%uD83D"],
    [0, "0"],
    [-0, "0"],
    [-1.5, "-1.5"],
    [1e21, "1e%2B21"],
    [12345678901234567890n, "12345678901234567890"],
    [true, "true"],
    [false, "false"],
    [new Date(0), "1970-01-01T00%3A00%3A00.000Z"],
  ])("%s becomes %s", (value, expected) => {
    expect(key("{0}", [value])).toBe(expected);
  });

  it.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    [Number.NaN, "NaN"],
    [Infinity, "Infinity"],
    [Symbol("s"), "a symbol"],
    [() => "x", "a function"],
    [new Date(Number.NaN), "an invalid Date"],
    [{ id: 1 }, "an object; try {id.property}"],
    [Object.create(null), "an object; try {id.property}"],
    [["a"], "an array"],
    [new Map(), "an object (Map); try {id.property}"],
  ])("%s is refused as %s", (value, found) => {
    expect(errorOf(() => key("product:{id}", [value]))).toEqual({
      code: "invalid_key_argument",
      message: `key template "product:{id}" must get a string, finite number, bigint, boolean or valid Date for {id}, got ${found}`,
    });
  });

  it("that is missing is refused", () => {
    expect(errorOf(() => key("product:{id}", [])).code).toBe("invalid_key_argument");
  });

  it("is refused in any place of a template", () => {
    expect(errorOf(() => key("{0}:{1}", ["a", undefined])).message).toContain("for {1}, got undefined");
  });

  it("whose property is an object is refused without a hint at its properties", () => {
    expect(errorOf(() => key("{user.id}", ["", { id: {} }])).message).toMatch(/for \{user\.id\}, got an object$/);
  });

  it.each<[readonly unknown[], string]>([
    [["", undefined], "an object at user for {user.address.city}, got undefined"],
    [["", { address: null }], "an object at user.address for {user.address.city}, got null"],
  ])("without the properties of a path is refused: %j", (args, found) => {
    const { code, message } = errorOf(() => key("{user.address.city}", args));
    expect(code).toBe("invalid_key_argument");
    expect(message).toContain(found);
  });

  it("this is refused where there is none", () => {
    expect(errorOf(() => key("{this.tenant}", [])).message).toContain("an object at this for {this.tenant}");
  });
});

describe("keys of one template", () => {
  it("differ where a value contains what delimits placeholders", () => {
    expect(key("{0}:{1}", ["a:b", "c"])).not.toBe(key("{0}:{1}", ["a", "b:c"]));
    expect(key("{0}", ["a:b"])).not.toBe(key("{0}:{1}", ["a", "b"]));
  });

  it("escape dashes only where dashes delimit", () => {
    expect(key("{0}", ["a-b"])).toBe("a-b");
    expect(key("{0}-{1}", ["a-b", "c"])).toBe("a%2Db-c");
    expect(key("{0}-:{1}", ["a-b", "c"])).toBe("a-b-:c");
  });

  it("escape what lies outside ASCII only where it delimits", () => {
    expect(key("{0}→{1}", ["a→b", "😀"])).toBe("a%E2%86%92b→😀");
  });

  it("differ for different texts, whatever the template", () => {
    const text = (maxLength: number) =>
      fc.oneof(
        {
          weight: 3,
          arbitrary: fc.string({ unit: fc.constantFrom(..."aF3%:-._~/→😀", "\ud83d", "\ude00"), maxLength }),
        },
        { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength }) },
      );
    const escaped = (literal: string) => literal.replaceAll(/[{}]/g, "$&$&").replaceAll(/\p{Surrogate}/gu, "");
    const property = fc.property(
      fc.array(text(2), { minLength: 2, maxLength: 4 }),
      fc.array(text(4), { minLength: 6, maxLength: 6 }),
      (literals, values) => {
        const count = literals.length - 1;
        const template = literals.map((literal, i) => (i === 0 ? "" : `{${i - 1}}`) + escaped(literal)).join("");
        const compiled = tryCompile(template);
        fc.pre(compiled !== undefined);
        const [one, other] = [values.slice(0, count), values.slice(3, 3 + count)];
        fc.pre(one.some((value, i) => value !== other[i]));
        expect(compiled(undefined, one)).not.toBe(compiled(undefined, other));
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it("differ wherever one text is cut in two", () => {
    const chars = fc.constantFrom(..."ab%2D:-→");
    const property = fc.property(
      fc.string({ unit: chars, minLength: 1, maxLength: 2 }),
      fc.string({ unit: chars }),
      (separator, text) => {
        const compiled = tryCompile(`{0}${separator}{1}`);
        fc.pre(compiled !== undefined);
        const pairs = [...text].map((_, i) => [text.slice(0, i), text.slice(i)]);
        // What a value would have to be for its key to look like that of another pair.
        const forged = pairs.map(([left, right]) => [`${left}${separator}${right}`, ""]);
        const tuples = new Set([...pairs, ...forged].map((tuple) => JSON.stringify(tuple)));
        const keys = new Set([...pairs, ...forged].map((tuple) => compiled(undefined, tuple)));
        expect(keys.size).toBe(tuples.size);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  function tryCompile(template: string): ReturnType<typeof compileKeyTemplate> | undefined {
    try {
      return compileKeyTemplate(template, []);
    } catch (error) {
      expect((error as CacheError).code).toBe("invalid_key_template");
      return undefined;
    }
  }
});

it("numbers have keys of their own, whichever were asked for before", () => {
  const keyOf = compileKeyTemplate("product:{0}:price", []);
  const ids = [7, 1_031, 7, 2 ** 53 - 1, 0, 1_024, 7, -7, 7.5, 1e21, 2 ** 53];
  expect(ids.map((id) => keyOf(undefined, [id]))).toEqual(
    ids.map((id) => `product:${String(id).replace("+", "%2B")}:price`),
  );
});
