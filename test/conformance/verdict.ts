// What a measurement comes to: counts beside those of others, and what is wrong with it.

import { deviationOf, matches, type Deviation } from "./deviations.ts";
import type { Implementation, Kind, Results, Suite, SuiteTest } from "./suite.ts";

export interface Count {
  readonly name: string;
  readonly required: number;
  readonly optimal: number;
}

/** A test that did not pass, and what the suite says of it. */
export interface Failure {
  readonly test: SuiteTest;
  readonly reason: string;
}

export interface Verdict {
  readonly ours: Count;
  readonly others: readonly Count[];
  /** How many there are. */
  readonly all: Count;
  /** Of required and optimal tests. */
  readonly onPurpose: readonly Failure[];
  readonly unexplained: readonly Failure[];
  /** Why the measurement counts as failed; empty when it does not. */
  readonly problems: readonly string[];
}

type Measured = Pick<Suite, "tests" | "others">;

/**
 * Judges the results of a suite.
 * @param isUsual whether it is the measurement that the deviations were written for: then each of them has to be one
 */
export function judge(
  { tests, others }: Measured,
  results: Results,
  deviations: readonly Deviation[],
  isUsual: boolean,
): Verdict {
  const failures = tests.filter(({ id, kind }) => kind !== "check" && results[id] !== true);
  const explained = (test: SuiteTest): boolean => deviationOf(test.id, deviations) !== undefined;
  const asFailure = (test: SuiteTest): Failure => ({ test, reason: reasonOf(results, test.id) });
  const unexplained = failures.filter((test) => !explained(test)).map(asFailure);
  const ours = countOf(tests, { name: "freshtier", results });
  const counts = others.map((one) => countOf(tests, one));
  const problems = [
    ...unexplained
      .filter(({ test }) => test.kind === "required")
      .map(({ test }) => `${test.id} is required, and fails`),
    ...(isUsual ? untrue(tests, results, deviations) : []),
    ...counts.flatMap((other) => behind(ours, other)),
  ];
  const all = {
    name: "",
    required: tests.filter(isOf("required")).length,
    optimal: tests.filter(isOf("optimal")).length,
  };
  return { ours, others: counts, all, onPurpose: failures.filter(explained).map(asFailure), unexplained, problems };
}

/**
 * What two measurements come to together. The tests count seconds, and a machine that is busy is late: so a test has passed that did so
 * once, but one that is said to deviate has to pass twice.
 */
export function together(first: Results, second: Results, deviations: readonly Deviation[]): Results {
  const ids = Object.keys({ ...first, ...second });
  return Object.fromEntries(
    ids.flatMap((id) => {
      const [worse, better] = first[id] === true ? [second[id], first[id]] : [first[id], second[id]];
      const result = deviationOf(id, deviations) === undefined ? better : worse;
      return result === undefined ? [] : [[id, result] as const];
    }),
  );
}

function countOf(tests: readonly SuiteTest[], { name, results }: Implementation): Count {
  const passed = tests.filter(({ id }) => results[id] === true);
  return { name, required: passed.filter(isOf("required")).length, optimal: passed.filter(isOf("optimal")).length };
}

function isOf(kind: Kind): (test: SuiteTest) => boolean {
  return (test) => test.kind === kind;
}

function reasonOf(results: Results, id: string): string {
  const result = results[id];
  return result === undefined || result === true ? "it was not run" : result.join(": ");
}

/** Deviations that are none, or no longer: each pattern has to name a test that fails. */
function untrue(tests: readonly SuiteTest[], results: Results, deviations: readonly Deviation[]): string[] {
  return deviations
    .flatMap((deviation) => deviation.tests)
    .filter((pattern) => !tests.some(({ id }) => matches(pattern, id) && results[id] !== true))
    .map((pattern) => `${pattern} is said to deviate, and does not`);
}

function behind(ours: Count, other: Count): string[] {
  return (["required", "optimal"] as const)
    .filter((kind) => ours[kind] <= other[kind])
    .map((kind) => `${other.name} passes ${other[kind]} ${kind} tests, this ${ours[kind]}`);
}
