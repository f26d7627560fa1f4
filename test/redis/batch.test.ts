// Commands of one turn leave in one write: whatever is written between the first of them and the end of the turn.

import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { Batch } from "../../src/redis/batch.ts";
import type { RedisEndpoint } from "../../src/redis/connection.ts";

/** A connection to a server that notes how many commands each write brings. */
class Recorder {
  readonly writes: number[] = [];
  readonly stream: Duplex;

  constructor() {
    const note = (size: number, done: () => void): void => {
      this.writes.push(size);
      done();
    };
    this.stream = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => note(1, done),
      writev: (chunks, done) => note(chunks.length, done),
    });
  }
}

const asConnection = (fake: object) => fake as RedisEndpoint;

test("what is written in one turn goes out at its end, in one write, and so on in the next", async () => {
  const [recorder, batch] = [new Recorder(), new Batch()];
  for (const size of [3, 1, 2]) {
    const before = recorder.writes.length;
    for (let command = 0; command < size; command++) {
      batch.hold(asConnection(recorder));
      recorder.stream.write("command");
    }
    expect(recorder.writes.length).toBe(before);
    await new Promise((resolve) => {
      process.nextTick(resolve);
    });
    expect(recorder.writes.slice(before)).toEqual([size]);
  }
});

test("on a cluster in one write to each primary, of which some need not be connected yet", async () => {
  const [one, two] = [new Recorder(), new Recorder()];
  const cluster = { isCluster: true, nodes: () => [one, {}, two, { stream: null }] };
  const batch = new Batch();
  for (const node of [one, two, one]) {
    batch.hold(asConnection(cluster));
    node.stream.write("command");
  }
  await new Promise((resolve) => {
    process.nextTick(resolve);
  });
  expect([one.writes, two.writes]).toEqual([[2], [1]]);
});
