// When a measurement of the suite counts as failed, and what its report says.

import { describe, expect, test } from "vitest";
import { deviationOf, DEVIATIONS as OURS, type Deviation } from "./deviations.ts";
import { report } from "./report.ts";
import type { Implementation, Results, SuiteTest } from "./suite.ts";
import { judge, together } from "./verdict.ts";

const TESTS: readonly SuiteTest[] = [
  { id: "stored", name: "It must store", kind: "required" },
  { id: "cookie", name: "It must store cookies", kind: "required" },
  { id: "old-1", name: "It is quick", kind: "optimal" },
  { id: "old-2", name: "It is quicker", kind: "optimal" },
  { id: "odd", name: "Does it?", kind: "check" },
];
const DEVIATIONS: readonly Deviation[] = [
  { tests: ["cookie"], because: "A cookie is for one user.", see: "§7.3" },
  { tests: ["old-*"], because: "It is | old.", see: "§1" },
];
const FAILED = ["Assertion", "it was not"] as const;
const USUAL: Results = { stored: true, cookie: FAILED, "old-1": FAILED, "old-2": true, odd: FAILED };
const SLOW: Implementation = { name: "slow 1.0", results: { odd: true } };

const judged = (results: Results, isUsual = true, others: readonly Implementation[] = [SLOW]) =>
  judge({ tests: TESTS, others }, results, DEVIATIONS, isUsual);

describe("a measurement", () => {
  test("counts what passed of each kind, beside others", () => {
    const { ours, others, all, problems } = judged(USUAL);
    expect([ours, ...others, all].map(({ required, optimal }) => [required, optimal])).toEqual([
      [1, 1],
      [0, 0],
      [2, 2],
    ]);
    expect(problems).toEqual([]);
  });

  test.each<[string, Results, string[]]>([
    ["a required test fails", { ...USUAL, stored: FAILED, cookie: true }, ["stored is required, and fails"]],
    ["a required test was not run", { ...USUAL, stored: undefined as never }, ["stored is required, and fails"]],
    ["what is said to deviate does not", { ...USUAL, cookie: true }, ["cookie is said to deviate, and does not"]],
    ["nothing of a pattern deviates", { ...USUAL, "old-1": true }, ["old-* is said to deviate, and does not"]],
  ])("fails when %s", (_, results, problems) => {
    expect(judged(results).problems).toEqual(expect.arrayContaining(problems));
    expect(judged(USUAL).problems).toEqual([]);
  });

  test("does not fail for an optimal test, nor for one that may go either way", () => {
    const tests = [...TESTS, { id: "more", name: "It is best", kind: "optimal" } as const];
    const { problems, unexplained } = judge({ tests, others: [SLOW] }, USUAL, DEVIATIONS, true);
    expect(problems).toEqual([]);
    expect(unexplained).toEqual([{ test: tests.at(-1), reason: "it was not run" }]);
  });

  test("of another kind than the usual may pass more", () => {
    expect(judged({ ...USUAL, cookie: true, "old-1": true }, false).problems).toEqual([]);
  });

  test("fails when another cache passes as many", () => {
    const equal: Implementation = { name: "quick 1.0", results: USUAL };
    expect(judged(USUAL, true, [SLOW, equal]).problems).toEqual([
      "quick 1.0 passes 1 required tests, this 1",
      "quick 1.0 passes 1 optimal tests, this 1",
    ]);
  });
});

describe("two measurements", () => {
  const both = (id: string, first: Results[string] | undefined, second: Results[string] | undefined) =>
    together({ [id]: first } as Results, { [id]: second } as Results, DEVIATIONS)[id];

  test("pass a test that passed once", () => {
    expect([both("stored", FAILED, true), both("stored", true, FAILED), both("stored", undefined, true)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(both("stored", FAILED, FAILED)).toEqual(FAILED);
  });

  test("pass one that is said to deviate if it passed twice", () => {
    expect([both("cookie", FAILED, true), both("cookie", true, FAILED)]).toEqual([FAILED, FAILED]);
    expect(both("cookie", true, true)).toBe(true);
  });
});

describe("its report", () => {
  test("gives each deviation that was met one row, and no other", () => {
    const text = report("suite 1.0", judged(USUAL), DEVIATIONS);
    expect(text).toContain("| freshtier | 1 | 1 |\n| slow 1.0 | 0 | 0 |");
    expect(text).toContain("| `cookie` | A cookie is for one user. | §7.3 |");
    expect(text).toContain("| `old-1` (optimal) | It is \\| old. | §1 |");
    expect(text).not.toContain("old-2");
    expect(text).not.toMatch(/## (Not passed|Wrong)$/m);
  });

  test("gives what nobody has explained with its reason, and says what is wrong", () => {
    const text = report("suite 1.0", judged({ ...USUAL, stored: FAILED }), DEVIATIONS);
    expect(text).toContain("| `stored` (required) | It must store: Assertion: it was not |");
    expect(text).toContain("## Wrong\n\n- stored is required, and fails");
  });
});

test("every deviation of the proxy says why, and where that is written", () => {
  for (const { because, see } of OURS)
    expect([because, see]).toEqual([expect.stringMatching(/\.$/), expect.stringMatching(/^RFC \d{4} §[\d.]+$/)]);
  expect(deviationOf("surrogate-max-age")?.see).toBe("RFC 9213 §3.1");
  expect(deviationOf("headers-store-Set-Cookie2")).toBeUndefined();
});
