// Counts of one build are added to those of another only where both surely mean the same.

import { expect, test } from "vitest";
import { raise, type FileCounts } from "../support/coverage-of-processes/raise.ts";

type Position = readonly [line: number, column: number];
type Place = FileCounts["statementMap"][string];

function place([line, column]: Position): Place {
  return { start: { line, column } };
}

function record<T>(things: readonly T[]): Record<string, T> {
  return Object.fromEntries(things.entries());
}

/** Statements that begin there, with their counts. */
function statements(...list: readonly (readonly [Position, number])[]): FileCounts {
  return {
    path: "a.ts",
    statementMap: record(list.map(([position]) => place(position))),
    s: record(list.map(([, count]) => count)),
    fnMap: {},
    f: {},
    branchMap: {},
    b: {},
  };
}

/** One branch, with the counts of its arms. */
function branch(type: string, position: Position, ...arms: readonly number[]): FileCounts {
  const branchMap = { 0: { type, loc: place(position), locations: arms } };
  return { ...statements(), branchMap, b: { 0: [...arms] } };
}

test("a statement that begins at the same character is the same", () => {
  const ours = statements([[1, 0], 0], [[2, 4], 1], [[3, 0], 5]);
  raise(ours, statements([[2, 4], 2], [[1, 0], 3], [[9, 0], 7]));
  expect(ours.s).toEqual({ 0: 3, 1: 3, 2: 5 });
});

test("what only the other build has is not added to what is near it or around it", () => {
  const ours = statements([[1, 0], 0], [[2, 4], 0]);
  raise(ours, statements([[2, 3], 1], [[2, 5], 1], [[1, 1], 1]));
  expect(ours.s).toEqual({ 0: 0, 1: 0 });
});

test("two that begin at the same character are nobody's: one may have run without the other", () => {
  const ours = statements([[1, 0], 0], [[2, 0], 0], [[2, 0], 0]);
  raise(ours, statements([[1, 0], 1], [[1, 0], 0], [[2, 0], 1]));
  expect(ours.s).toEqual({ 0: 0, 1: 0, 2: 0 });
});

test("a function is known by where its body begins", () => {
  const ours = { ...statements(), fnMap: { 0: { loc: place([1, 15]) } }, f: { 0: 0 } };
  raise(ours, { ...ours, fnMap: { 4: { loc: place([1, 16]) } }, f: { 4: 1 } });
  expect(ours.f).toEqual({ 0: 0 });
  raise(ours, { ...ours, fnMap: { 4: { loc: place([1, 15]) } }, f: { 4: 2 } });
  expect(ours.f).toEqual({ 0: 2 });
});

test("a branch is known by its kind and beginning, and each arm is counted for itself", () => {
  const ours = branch("cond-expr", [1, 4], 1, 0);
  raise(ours, branch("binary-expr", [1, 4], 1, 1));
  raise(ours, branch("cond-expr", [1, 5], 1, 1));
  raise(ours, branch("cond-expr", [1, 4], 1, 1, 1));
  expect(ours.b).toEqual({ 0: [1, 0] });
  raise(ours, branch("cond-expr", [1, 4], 0, 2));
  expect(ours.b).toEqual({ 0: [1, 2] });
});
