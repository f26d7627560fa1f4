// What every Tier promises, as tests: ours run them, and so does whoever writes another.

import type { Tier } from "../contracts/tier.ts";
import { eventually, freshKey, unique, type Suite, type SuiteAssert } from "./suite.ts";

/** The tier to test. */
export interface TierUnderTest {
  readonly tier: Tier;
  /** What full keys start with; the tests make keys of the form that caches use, and no two tests the same. */
  readonly root: string;
}

const BYTES = Uint8Array.from({ length: 300 }, (_, index) => index % 256);

/**
 * Registers one test for each promise of a `Tier`. They take about a second, and need nothing but the tier.
 *
 * @param suite the test runner
 * @param open gives the tier, once per test. It may be the same one each time, and need not be empty. Whoever brings it
 *   closes it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { after, before, describe, test } from "node:test";
 * import { tierContract } from "freshtier/test-suite";
 * import { FileTier } from "../src/file-tier.ts";
 *
 * describe("a tier of files", () => {
 *   let tier: FileTier;
 *   before(async () => {
 *     tier = await FileTier.open("/tmp/file-tier-test");
 *   });
 *   after(() => tier.close());
 *
 *   tierContract({ test, assert }, () => Promise.resolve({ tier, root: "shop" }));
 * });
 * ```
 */
export function tierContract(suite: Suite, open: () => Promise<TierUnderTest>): void {
  const { test } = suite;
  const assert: SuiteAssert = suite.assert;

  test("gives a frame back byte for byte", async () => {
    const { tier, root } = await open();
    const key = freshKey(root);
    assert.equal(await tier.get(key), undefined);
    await tier.set(key, BYTES, 60_000);
    assert.deepEqual(Buffer.from((await tier.get(key)) ?? []), Buffer.from(BYTES));
  });

  test("takes a frame that is part of a larger buffer, and keeps it when the caller changes the buffer", async () => {
    const { tier, root } = await open();
    const key = freshKey(root);
    const buffer = Uint8Array.from(BYTES);
    await tier.set(key, buffer.subarray(10, 20), 60_000);
    buffer.fill(0);
    assert.deepEqual(Buffer.from((await tier.get(key)) ?? []), Buffer.from(BYTES.subarray(10, 20)));
  });

  test("replaces a frame, and its life span by a longer or a shorter one", async () => {
    const { tier, root } = await open();
    const [longer, shorter] = [freshKey(root), freshKey(root)];
    await tier.set(longer, BYTES, 30);
    const firstEndsAt = performance.now() + 30;
    await tier.set(longer, BYTES.subarray(0, 5), Infinity);
    await tier.set(shorter, BYTES, 60_000);
    await tier.set(shorter, BYTES.subarray(0, 5), 30);
    await eventually("the shorter life is over", async () => (await tier.get(shorter)) === undefined);
    await eventually("the first life is over", () => performance.now() > firstEndsAt);
    assert.deepEqual(Buffer.from((await tier.get(longer)) ?? []), Buffer.from(BYTES.subarray(0, 5)));
    assert.deepEqual(await listed(tier, longer), [longer]);
  });

  test("drops a frame when its life span ends, however short or broken the span is", async () => {
    const { tier, root } = await open();
    for (const lifetimeMs of [0, 0.4, 20.5]) {
      const key = freshKey(root);
      await tier.set(key, BYTES, lifetimeMs);
      await eventually(`a frame of ${lifetimeMs} ms is gone`, async () => (await tier.get(key)) === undefined);
      assert.deepEqual(await listed(tier, key), []);
    }
  });

  test("holds frames without an end", async () => {
    const { tier, root } = await open();
    for (const lifetimeMs of [Infinity, Number.MAX_VALUE, 8.64e15]) {
      const key = freshKey(root);
      await tier.set(key, BYTES, lifetimeMs);
      assert.ok((await tier.get(key)) !== undefined);
    }
  });

  test("deletes a frame, and says whether there was one", async () => {
    const { tier, root } = await open();
    const key = freshKey(root);
    assert.equal(await tier.delete(key), false);
    await tier.set(key, BYTES, 60_000);
    assert.equal(await tier.delete(key), true);
    assert.equal(await tier.delete(key), false);
    assert.equal(await tier.get(key), undefined);
  });

  test("keeps keys apart that differ by one character", async () => {
    const { tier, root } = await open();
    const start = freshKey(root).slice(0, -1);
    const keys = ["", " ", "%", "*", "é", "e\u0301", "😀", "A", "a"].map((end) => `${start}${end}}`);
    await Promise.all(keys.map((key, index) => tier.set(key, BYTES.subarray(0, index + 1), 60_000)));
    const lengths = await Promise.all(keys.map(async (key) => (await tier.get(key))?.length));
    assert.deepEqual(
      lengths,
      keys.map((_, index) => index + 1),
    );
  });

  test("lists the full keys that start with a prefix, and no others", async () => {
    const { tier, root } = await open();
    const start = `${root}:v:{${unique("list")}:`;
    const keys = Array.from({ length: 1_200 }, (_, index) => `${start}k${index}}`).sort();
    await Promise.all([...keys, freshKey(root)].map((key) => tier.set(key, BYTES.subarray(0, 1), 60_000)));
    assert.deepEqual(await listed(tier, start), keys);
    assert.deepEqual(await listed(tier, `${start}k12}`), [`${start}k12}`]);
    assert.deepEqual(await listed(tier, `${start}x`), []);
  });

  test("takes a prefix literally, whatever patterns mean to it", async () => {
    const { tier, root } = await open();
    const start = `${root}:v:{${unique("glob")}:`;
    const odd = ["*", "?", "[a]", "[^b]", "\\", "\\*", "a*b", "a", "ab"];
    await Promise.all(odd.map((name) => tier.set(`${start}${name}!}`, BYTES.subarray(0, 1), 60_000)));
    for (const name of odd) assert.deepEqual(await listed(tier, `${start}${name}!`), [`${start}${name}!}`], name);
  });

  test("lists while keys come and go, and stops when nobody asks further", async () => {
    const { tier, root } = await open();
    const start = `${root}:v:{${unique("moving")}:`;
    const keys = Array.from({ length: 50 }, (_, index) => `${start}${index}}`);
    await Promise.all(keys.map((key) => tier.set(key, BYTES.subarray(0, 1), 60_000)));
    for await (const key of tier.keys(start)) {
      await tier.delete(key);
      await tier.set(`${start}new-${unique("x")}}`, BYTES.subarray(0, 1), 60_000);
      break;
    }
    const after = await listed(tier, start);
    assert.equal(after.length, 50);
    assert.equal(keys.filter((key) => after.includes(key)).length, 49);
  });
}

/** All keys that a tier lists, each once and in order. */
async function listed(tier: Tier, prefix: string): Promise<string[]> {
  const keys = new Set<string>();
  for await (const key of tier.keys(prefix)) keys.add(key);
  return [...keys].sort();
}
