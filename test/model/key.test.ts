// Keys: ids and full keys that never meet, whatever users write.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkName,
  checkNames,
  fullKey,
  fullKeyPrefix,
  idPrefix,
  keyOfId,
  keyRoot,
  readFullKey,
  toId,
} from "../../src/model/key.ts";

const nameOf = fc.string({
  unit: fc.constantFrom("a", "b", ":", "\0", "1", "2", "{", "}", "%", "é"),
  minLength: 1,
  maxLength: 6,
});
const placeOf = fc.record({ namespace: fc.option(nameOf, { nil: undefined }), key: nameOf });

describe("ids", () => {
  test("of two places are the same only if the places are", () => {
    fc.assert(
      fc.property(placeOf, placeOf, (a, b) => {
        const same = a.namespace === b.namespace && a.key === b.key;
        expect(toId(idPrefix(a.namespace), a.key) === toId(idPrefix(b.namespace), b.key)).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  test("give their key back", () => {
    fc.assert(
      fc.property(placeOf, ({ namespace, key }) => {
        const prefix = idPrefix(namespace);
        expect(keyOfId(prefix, toId(prefix, key))).toBe(key);
      }),
    );
  });

  test("of plain keys without a namespace are the keys themselves", () => {
    expect(toId(idPrefix(undefined), "user:1")).toBe("user:1");
  });
});

describe("full keys", () => {
  test("of two places are the same only if the places are, and hold one slot each", () => {
    fc.assert(
      fc.property(placeOf, placeOf, (a, b) => {
        const [first, second] = [a, b].map(({ namespace, key }) => fullKey("root", namespace, key));
        const same = a.namespace === b.namespace && a.key === b.key;
        expect(first === second).toBe(same);
        expect(first?.match(/[{}]/g)).toEqual(["{", "}"]);
        expect(first).not.toMatch(/[\u0000-\u001f]/);
      }),
      { numRuns: 2_000 },
    );
  });

  test("start with name and version, escaped", () => {
    expect(keyRoot("shop", undefined)).toBe("shop");
    expect(keyRoot("a:b", "v1")).toBe("a%3ab:v1");
    expect(keyRoot("a", "b:c")).not.toBe(keyRoot("a:b", "c"));
    expect(keyRoot("a", "b")).not.toBe(keyRoot("a:b", undefined));
  });

  test("escape what has a meaning and nothing else", () => {
    expect(keyRoot("a%b:c{d}e\n\u007f", undefined)).toBe("a%25b%3ac%7bd%7de%0a%7f");
    expect(keyRoot("straße-1/2_3.4 *?[]\\😀", undefined)).toBe("straße-1/2_3.4 *?[]\\😀");
  });
});

/** Names that a careless reader would take apart wrongly. */
const ODD: readonly string[] = [
  ...["%", "%25", "%3a", "%7b", "%zz", "%3", "100%"],
  ...[":", "::", "a:b", "{", "}", "{}", "}:{", "v:{"],
  ...["\0", "\n", "\u007f", " "],
  ...["😀", "👩‍👩‍👧", "é", "e\u0301", "constructor", "__proto__"],
];

/** Names of any text that `checkName` accepts, with more of what means something in full keys than chance would bring. */
const anyName = fc.oneof(nameOf, fc.string({ unit: "binary", minLength: 1, maxLength: 12 }), fc.constantFrom(...ODD));
const anyPlace = fc.record({ namespace: fc.option(anyName, { nil: undefined }), key: anyName });
const anyRoot = fc
  .tuple(anyName, fc.option(anyName, { nil: undefined }))
  .map(([name, version]) => keyRoot(name, version));

describe("readFullKey", () => {
  test("gives namespace and key back, whatever they are", () => {
    fc.assert(
      fc.property(anyRoot, anyPlace, (root, { namespace, key }) => {
        expect(readFullKey(root, fullKey(root, namespace, key))).toEqual({ namespace, key });
      }),
      { numRuns: 5_000 },
    );
  });

  test.each(ODD)("gives %j back, as key and as namespace", (name) => {
    expect(readFullKey("root", fullKey("root", name, "k"))).toEqual({ namespace: name, key: "k" });
    expect(readFullKey("root", fullKey("root", undefined, name))).toEqual({ namespace: undefined, key: name });
    expect(readFullKey("root", fullKey("root", name, name))).toEqual({ namespace: name, key: name });
  });

  test("reads nothing of another root", () => {
    fc.assert(
      fc.property(anyRoot, anyRoot, anyPlace, (root, other, { namespace, key }) => {
        fc.pre(root !== other);
        expect(readFullKey(other, fullKey(root, namespace, key))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
    expect(readFullKey(keyRoot("a", undefined), fullKey(keyRoot("a", "v"), "n", "k"))).toBeUndefined();
    expect(readFullKey(keyRoot("a", "v"), fullKey(keyRoot("a", undefined), "n", "k"))).toBeUndefined();
  });

  test.each([
    "",
    "root",
    "root:v:",
    "root:v:{n:k",
    "root:v:n:k}",
    "root:v:{}",
    "root:v:{nk}",
    "root:v:{n:}",
    "root:v:{:}",
    "root:v:{n:k:m}",
    "root:v:{n:k}x",
    "xroot:v:{n:k}",
    "root:l:{n:k}",
    "root:n:{n:k}",
  ])("reads nothing from %j", (text) => {
    expect(readFullKey("root", text)).toBeUndefined();
  });
});

describe("readFullKey of what nobody here wrote", () => {
  test.each(["%zz", "%", "%3", "%ff"])("does not throw at the escape %j", (text) => {
    expect(readFullKey("root", `root:v:{n:${text}}`)).toMatchObject({ namespace: "n" });
    expect(readFullKey("root", `root:v:{${text}:k}`)).toMatchObject({ key: "k" });
  });
});

describe("fullKeyPrefix", () => {
  test("begins the full keys of what begins so in the namespace, and no others", () => {
    const prefixOf = fc.oneof(fc.constant(""), anyName);
    fc.assert(
      fc.property(anyPlace, anyPlace, prefixOf, fc.boolean(), (a, b, start, alike) => {
        // By chance alone two places have hardly ever anything in common.
        const { namespace, key } = alike ? { namespace: a.namespace, key: start + b.key } : b;
        const isMeant = namespace === a.namespace && key.startsWith(start);
        expect(fullKey("root", namespace, key).startsWith(fullKeyPrefix("root", a.namespace, start))).toBe(isMeant);
      }),
      { numRuns: 5_000 },
    );
  });

  test("of a part of an escape begins nothing that was written otherwise", () => {
    expect(fullKey("root", "n", "a:b").startsWith(fullKeyPrefix("root", "n", "a%3"))).toBe(false);
    expect(fullKey("root", "n", "a%3b").startsWith(fullKeyPrefix("root", "n", "a%3"))).toBe(true);
    expect(fullKey("root", "n", "a").startsWith(fullKeyPrefix("root", "n", "a}"))).toBe(false);
    expect(fullKey("root", "na", "b").startsWith(fullKeyPrefix("root", "n", "a"))).toBe(false);
  });
});

describe("checkName", () => {
  test("takes what is just short enough in bytes", () => {
    for (const name of ["abcdef", "éé", "ééé", "日本", "😀ab"]) checkName(name, "key", 6);
    for (const name of ["abcdefg", "éééa", "日本語", "😀abc"]) {
      expect(() => checkName(name, "key", 6)).toThrow(/^key must be at most 6 bytes long, got \d+ bytes$/);
    }
  });

  test("agrees with the length of the UTF-8, for any text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        (name, max) => {
          const isGood = name.isWellFormed() && Buffer.byteLength(name) <= max;
          let thrown: unknown;
          try {
            checkName(name, "key", max);
          } catch (error) {
            thrown = error;
          }
          expect(thrown === undefined).toBe(isGood);
        },
      ),
    );
  });

  test("names the field, also in lists", () => {
    expect(() => checkName("", "namespace", 6)).toThrow("namespace must be a non-empty string, got ''");
    expect(() => checkNames(["a", 1], "tags", 6)).toThrow("tags[1] must be a non-empty string, got 1");
    expect(() => checkNames("ab", "tags", 6)).toThrow("tags must be an array of strings, got 'ab'");
    expect(checkNames([], "tags", 6)).toEqual([]);
  });

  test("shows a long value shortened, on one line", () => {
    expect(() => checkName({ text: "x\n".repeat(500) }, "key", 6)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^key must be a non-empty string, got .{1,80}$/) }),
    );
  });
});
