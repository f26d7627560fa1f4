// What an Authority promises to who only looks, where it lets one look: what is there, and that nothing changes by it.

import {
  frameOf,
  freshKey,
  freshTag,
  LEASE_MS,
  LONG,
  randomVersion,
  type AuthorityUnderTest,
  type Suite,
  type SuiteAssert,
} from "./suite.ts";

/** Registers the tests about `inspect` and `inspectEpochs`. An authority without them passes. */
export function authorityInspectionContract(suite: Suite, open: () => Promise<AuthorityUnderTest>): void {
  const { test } = suite;
  const assert: SuiteAssert = suite.assert;

  test("shows frame and lease of a key as they are, and by its own clock when", async () => {
    const { authority, other, root, layout } = await open();
    if (other.inspect === undefined) return;
    const key = freshKey(root);
    const before = await authority.now();
    const nothing = await other.inspect(key);
    assert.deepEqual([nothing.frame, nothing.lease], [undefined, undefined]);
    // Clocks of several servers need not agree to the millisecond.
    assert.ok(Math.abs(nothing.now - before) < 5_000, String(nothing.now - before));
    const version = randomVersion();
    await authority.set(key, frameOf(layout, version), LONG, Infinity);
    await authority.acquire(key, "mine", version, LEASE_MS);
    const { frame, lease } = await other.inspect(key);
    assert.deepEqual(Buffer.from(frame ?? []), Buffer.from((await authority.read(key, [])).frame ?? []));
    assert.equal(lease?.token, "mine");
    const remainingMs = lease?.remainingMs ?? 0;
    assert.ok(remainingMs > LEASE_MS - 5_000 && remainingMs <= LEASE_MS, String(remainingMs));
    await authority.remove(key, Infinity);
    const gone = await other.inspect(key);
    assert.deepEqual([gone.frame, gone.lease], [undefined, undefined]);
  });

  test("neither takes, prolongs nor ends a lease by being looked at", async () => {
    const { authority, other, root } = await open();
    if (other.inspect === undefined) return;
    const key = freshKey(root);
    await other.inspect(key);
    await authority.acquire(key, "mine", undefined, LEASE_MS);
    const first = await other.inspect(key);
    const second = await other.inspect(key);
    assert.ok((second.lease?.remainingMs ?? Infinity) <= (first.lease?.remainingMs ?? 0));
    assert.equal((await other.acquire(key, "theirs", undefined, LEASE_MS)).kind, "held");
    assert.equal(await authority.renew(key, "mine", LEASE_MS), true);
  });

  test("shows epochs as they are, and mints none", async () => {
    const { authority, other } = await open();
    if (other.inspectEpochs === undefined) return;
    const [tag, never] = [freshTag(), freshTag()];
    assert.deepEqual(await other.inspectEpochs([tag, never]), [undefined, undefined]);
    const [minted] = await authority.epochs([tag]);
    assert.deepEqual(await other.inspectEpochs([never, tag]), [undefined, minted]);
    await authority.bump(tag, true, Infinity);
    const [bumped] = await other.inspectEpochs([tag]);
    assert.equal(bumped?.hard, minted?.hard);
    assert.notEqual(bumped?.soft, minted?.soft);
    assert.deepEqual(await authority.epochs([tag]), [bumped]);
    assert.deepEqual(await other.inspectEpochs([never]), [undefined]);
  });
}
