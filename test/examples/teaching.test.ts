// The short examples say what their comments promise, and stay short.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXAMPLES, exampleFiles, runExample } from "./run-example.ts";

const TEACHING = ["quickstart.ts", "timeline.ts", "decorators.ts"];
/** Those with a file of tests of their own. */
const PROGRAMS = ["http-proxy.ts", "shop.ts"];
const LONGEST: Readonly<Record<string, number>> = { "quickstart.ts": 30 };

test("every example is run by a test", () => {
  expect(exampleFiles().toSorted()).toEqual([...TEACHING, ...PROGRAMS].toSorted());
});

test.each(TEACHING)("%s fits on a page", (file) => {
  const lines = readFileSync(new URL(file, EXAMPLES), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(LONGEST[file] ?? 50);
});

test("quickstart.ts asks the database once, and again after the delete", async () => {
  const { exitCode, stdout, stderr } = await runExample("quickstart.ts");

  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual([
    "  database: reads user 1",
    "first: { id: 1, name: 'Ada' }",
    "again: { id: 1, name: 'Ada' }",
    "  database: reads user 1",
    "after delete: { id: 1, name: 'Ada' }",
  ]);
  expect(exitCode).toBe(0);
});

test("decorators.ts shares one read among ten callers and never shows the old price again", async () => {
  const { exitCode, stdout, stderr } = await runExample("decorators.ts");

  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual([
    "ten callers at once:",
    "  database: reads product 42",
    "  10 answers, all 1999",
    "a new price:",
    "  database: product 42 costs 1499 now",
    "the next caller:",
    "  database: reads product 42",
    "  1499",
    "after invalidating the tag:",
    "  database: reads product 42",
    "  1499",
  ]);
  expect(exitCode).toBe(0);
});

describe("timeline.ts", () => {
  test("walks from a miss through fresh, stale and rescue to expired", async () => {
    const { exitCode, stdout, stderr } = await runExample("timeline.ts");

    expect(stderr).toBe("");
    expect(answers(stdout)).toEqual([
      ["miss", "price no. 1, waited"],
      ["hit", "price no. 1, at once"],
      ["stale", "price no. 1, at once"],
      ["hit", "price no. 2, at once"],
      ["stale", "price no. 2, at once"],
      // at once while the back-off lasts, else after one more try
      ["rescue", expect.stringMatching(/^price no. 2, (at once|waited)$/)],
      ["miss", "Error: the database is down, waited"],
    ]);
    expect(exitCode).toBe(0);
  });
});

/** The lines `   200 ms  hit     price no. 1, at once. Fresh: from memory.`, as event and answer. */
function answers(stdout: string): [event: string, answer: string][] {
  return [...stdout.matchAll(/^ *\d+ ms {2}(\S+) +(.*?(?:waited|at once))\./gm)].map((line) => [
    line[1] ?? "",
    line[2] ?? "",
  ]);
}
