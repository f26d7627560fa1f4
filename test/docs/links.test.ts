// Every page is found from the README, and every relative link on any page leads to a file, and to a heading, that is there.

import { describe, expect, test } from "vitest";
import { manifest } from "../release/entry-points.ts";
import { allPages, anchorsOf, linksOf, problemOf, USER_PAGES } from "./pages.ts";

describe("links", () => {
  test.each(allPages())("of %s lead somewhere", (page) => {
    const broken = linksOf(page).flatMap((link) => {
      const problem = problemOf(link);
      return problem === undefined ? [] : [`${link.text}: ${problem}`];
    });
    expect(broken).toEqual([]);
  });

  test("that lead nowhere are found", () => {
    const link = { page: "README.md", text: "", anchor: undefined };
    expect(problemOf({ ...link, file: "docs/nothing.md" })).toBe("no such file");
    expect(problemOf({ ...link, file: "docs/redis.md", anchor: "nothing" })).toBe("no such heading");
    expect(problemOf({ ...link, file: "docs", anchor: "options" })).toBe("no page, and so no headings");
    expect(problemOf({ ...link, file: "docs/redis.md", anchor: "options" })).toBeUndefined();
    expect(linksOf("README.md").length).toBeGreaterThan(10);
  });

  test("go by the headings as GitHub names them", () => {
    const text =
      "# The way of one `get(key, refresh)`\n## Codecs, compression\n```\n# no heading\n```\n## Options\n## Options\n";
    expect(anchorsOf(text)).toEqual(["the-way-of-one-getkey-refresh", "codecs-compression", "options", "options-1"]);
  });

  test("of the README reach every page for users", () => {
    const reached = new Set(linksOf("README.md").map(({ file }) => file));
    expect(USER_PAGES.filter((page) => page !== "README.md" && !reached.has(page))).toEqual([]);
  });

  test("between pages for users stay within the package, or lead to what only the repository has", () => {
    const isShipped = (file: string): boolean =>
      /^(README|LICENSE)/.test(file) || manifest.files.some((own) => file === own || file.startsWith(`${own}/`));
    const outside = USER_PAGES.flatMap(linksOf).filter(
      ({ file }) => !isShipped(file) && !/^(examples|test)\b/.test(file),
    );
    expect(outside.map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
    expect(isShipped("docs/redis.md")).toBe(true);
  });
});
