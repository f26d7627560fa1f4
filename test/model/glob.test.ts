// Globs: as Redis reads them, in time that a hostile pattern cannot blow up.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileGlob, literalPrefix } from "../../src/model/glob.ts";

/** The pattern that matches this text alone. */
const escape = (text: string): string => text.replaceAll(/[*?[\]\\]/g, "\\$&");

describe("compileGlob", () => {
  test.each([
    ["", "", true],
    ["", "a", false],
    ["a", "a", true],
    ["a", "A", false],
    ["a", "ab", false],
    ["*", "", true],
    ["*", "anything: \n even this", true],
    ["**", "ab", true],
    ["a*", "a", true],
    ["a*c", "abbbc", true],
    ["a*c", "abbbcd", false],
    ["*a*b*", "xxaxxbxx", true],
    ["*a*b*", "xxbxxaxx", false],
    ["a*b*c", "abcbc", true],
    ["?", "", false],
    ["?", "a", true],
    ["?", "ab", false],
    ["h?llo", "hello", true],
    ["?*", "", false],
    ["?*", "a", true],
    ["[abc]", "b", true],
    ["[abc]", "d", false],
    ["[abc]", "", false],
    ["[a-c]x", "bx", true],
    ["[c-a]x", "bx", true],
    ["[a-c]", "-", false],
    ["[a-]", "-", true],
    ["[-a]", "-", true],
    ["[^a]", "b", true],
    ["[^a]", "a", false],
    ["[^a-c]", "b", false],
    ["[^a]", "", false],
    ["[a^]", "^", true],
    ["[\\]]", "]", true],
    ["[\\a]", "a", true],
    ["[\\^a]", "^", true],
    ["[a\\-z]", "m", false],
    ["[a\\-z]", "-", true],
    ["[abc", "b", true],
    ["[abc", "d", false],
    ["[]", "a", false],
    ["[]", "", false],
    ["[^]", "a", true],
    ["[", "[", false],
    ["[a", "a", true],
    ["[*]", "*", true],
    ["[*]", "a", false],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["\\?", "?", true],
    ["\\[a]", "[a]", true],
    ["\\\\", "\\", true],
    ["a\\", "a\\", true],
    ["a.c", "abc", false],
    ["a.c", "a.c", true],
    ["(a|b)+$", "(a|b)+$", true],
    ["user:{1}", "user:{1}", true],
    ["ü?", "üx", true],
    ["??", "😀", true],
  ])("%j on %j: %s", (pattern, text, matches) => {
    expect(compileGlob(pattern)(text)).toBe(matches);
  });

  test("matches a literal text that is escaped, and nothing else", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, other) => {
        expect(compileGlob(escape(text))(text)).toBe(true);
        expect(compileGlob(escape(text))(other)).toBe(text === other);
      }),
    );
  });

  test("agrees with a regular expression on stars and question marks", () => {
    const letters = fc.constantFrom("a", "b", "*", "?");
    fc.assert(
      fc.property(
        fc.string({ unit: letters, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 }),
        (pattern, text) => {
          const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
          expect(compileGlob(pattern)(text)).toBe(expression.test(text));
        },
      ),
    );
  });

  test("never throws, whatever the pattern", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("[", "]", "^", "-", "\\", "*", "?", "a") }),
        fc.string(),
        (pattern, text) => {
          expect(typeof compileGlob(pattern)(text)).toBe("boolean");
        },
      ),
    );
  });

  test("is done with a pattern made to backtrack", () => {
    const pattern = "a*".repeat(50);
    expect(compileGlob(`${pattern}b`)("a".repeat(5_000))).toBe(false);
    expect(compileGlob(pattern)("a".repeat(5_000))).toBe(true);
  });
});

describe("literalPrefix", () => {
  test.each([
    ["", ""],
    ["*", ""],
    ["?x", ""],
    ["[u]ser", ""],
    ["user:1", "user:1"],
    ["user:*", "user:"],
    ["user:*:1", "user:"],
    ["user:?", "user:"],
    ["user:[12]", "user:"],
    ["user:[", "user:"],
    ["a]b*", "a]b"],
    ["a^b-c*", "a^b-c"],
    ["\\*a*", "*a"],
    ["\\[a\\]?", "[a]"],
    ["a\\\\*", "a\\"],
    ["a\\", "a\\"],
    ["\\user\\:*", "user:"],
    ["é😀*", "é😀"],
    ["a\ud83d?", "a"],
    ["a\ud83d*", "a"],
    ["a\ud83d[\ude00]", "a"],
    ["a\ud83d\\\ude00*", "a😀"],
  ])("of %j is %j", (pattern, expected) => {
    expect(literalPrefix(pattern)).toBe(expected);
  });

  test("is all of an escaped text, up to the first wildcard", () => {
    const wildcard = fc.constantFrom("", "*", "?", "[x]", "*y", "[^z]*");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), wildcard, (text, rest) => {
        expect(literalPrefix(escape(text) + rest)).toBe(text);
      }),
    );
  });

  test("is what every text that matches begins with, whatever the pattern", () => {
    const letter = fc.constantFrom("a", "b", "*", "?", "[", "]", "^", "-", "\\", "\ud83d", "\ude00");
    const pattern = fc.string({ unit: letter, maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "[", "\\", "😀", "😁"), maxLength: 4 });
    let matched = 0;
    fc.assert(
      fc.property(pattern, text, (given, candidate) => {
        if (!compileGlob(given)(candidate)) return;
        if (literalPrefix(given) !== "") matched++;
        expect(candidate.startsWith(literalPrefix(given))).toBe(true);
      }),
      { numRuns: 20_000, seed: 1 },
    );
    expect(matched).toBeGreaterThan(50);
  });
});
