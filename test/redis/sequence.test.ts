// Numbers of messages: one that is missing is noticed, one that is late is not missed for long.

import { expect, test } from "vitest";
import { Sequences } from "../../src/redis/sequence.ts";

const OLD = { ageMs: 10_000, liveMs: 1_000 };
const YOUNG = { ageMs: 500, liveMs: 1_000 };

function note(sequences: Sequences, number: number, { followUp = false, from = "a", age = OLD } = {}): boolean {
  return sequences.note(from, number, followUp, age.ageMs, age.liveMs);
}

test("misses nothing while numbers go on from wherever an old publisher was", () => {
  const sequences = new Sequences();
  for (const number of [57, 58, 59]) expect(note(sequences, number)).toBe(false);
  expect(note(sequences, 59, { followUp: true })).toBe(false);
  expect(note(sequences, 58)).toBe(false);
});

test("misses a number that was left out, until it comes", () => {
  const sequences = new Sequences();
  note(sequences, 1);
  expect(note(sequences, 3)).toBe(true);
  expect(note(sequences, 4)).toBe(true);
  expect(note(sequences, 1, { from: "b" })).toBe(false);
  expect(sequences.hasGap()).toBe(true);
  expect(note(sequences, 2)).toBe(false);
  expect(sequences.hasGap()).toBe(false);
});

test("misses the last number of a publisher when it is said once more", () => {
  const sequences = new Sequences();
  note(sequences, 1);
  expect(note(sequences, 2, { followUp: true })).toBe(true);
  expect(note(sequences, 2)).toBe(false);
});

test("misses the first numbers of a publisher that began after it was listened to", () => {
  const sequences = new Sequences();
  expect(note(sequences, 2, { age: YOUNG })).toBe(true);
  expect(note(sequences, 1, { age: YOUNG })).toBe(false);
  expect(note(sequences, 1, { age: YOUNG, from: "b", followUp: true })).toBe(true);
});

test("does not miss what came before an old publisher was heard first", () => {
  expect(note(new Sequences(), 7, { followUp: true })).toBe(false);
});

test("does not miss what lies before a number that does not count", () => {
  const sequences = new Sequences();
  sequences.skip("a", 7);
  sequences.skip("a", 5);
  expect(note(sequences, 6)).toBe(false);
  expect(note(sequences, 9)).toBe(true);
  expect(note(sequences, 8)).toBe(false);
});

test("starts anew", () => {
  const sequences = new Sequences();
  note(sequences, 1);
  note(sequences, 3);
  sequences.clear();
  expect(sequences.hasGap()).toBe(false);
  expect(note(sequences, 9)).toBe(false);
});

test("forgets whom it has not heard of for the longest, when there are too many", () => {
  const sequences = new Sequences();
  note(sequences, 1, { from: "first" });
  note(sequences, 3, { from: "first" });
  for (let other = 0; other < 4_096; other++) note(sequences, 1, { from: `other${other}` });
  expect(sequences.hasGap()).toBe(false);
});

test("counts what is missing, of all publishers, and not what came ahead of it", () => {
  const sequences = new Sequences();
  note(sequences, 1);
  for (const number of [4, 5, 8]) note(sequences, number);
  note(sequences, 1, { from: "b" });
  note(sequences, 3, { from: "b", followUp: true });
  expect(sequences.missing).toBe(2 + 2 + 2);
  for (const number of [2, 3, 6, 7]) note(sequences, number);
  expect(sequences.missing).toBe(2);
  sequences.clear();
  expect(sequences.missing).toBe(0);
});
