// What every Authority promises about writes: fenced, in time or not at all, with instants by its own clock.

import {
  eventually,
  frameOf,
  freshKey,
  freshTag,
  instantsOf,
  randomVersion,
  withoutInstants,
  type Suite,
  type SuiteAssert,
  LEASE_MS,
  LONG,
  type AuthorityUnderTest,
} from "./suite.ts";

/** Registers the tests about writes. */
export function authorityWriteContract(suite: Suite, open: () => Promise<AuthorityUnderTest>): void {
  const { test } = suite;
  const assert: SuiteAssert = suite.assert;
  test("stores what the holder of the lease made, with instants by its own clock, and ends the lease", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    const frame = frameOf(layout, randomVersion());
    const spans = { freshMs: 10_000.5, staleMs: 20_000, errorMs: 30_000 };
    await authority.acquire(key, "mine", undefined, LEASE_MS);
    const before = await authority.now();
    const stored = await authority.fill(key, "mine", frame, spans, before + 60_000);
    const after = await authority.now();
    assert.ok(stored.kind === "stored");
    const { createdAt } = stored;
    assert.ok(createdAt >= before - 1 && createdAt <= after, `${before} ${createdAt} ${after}`);
    const read = (await other.read(key, [])).frame ?? new Uint8Array();
    const instants = [createdAt, createdAt + 10_000.5, createdAt + 20_000, createdAt + 30_000];
    assert.deepEqual(instantsOf(layout, read), instants);
    assert.deepEqual(withoutInstants(layout, read), Buffer.from(frame));
    assert.equal(await authority.renew(key, "mine", LEASE_MS), false);
  });

  test("writes instants that never come", async () => {
    const { authority, root, layout } = await open();
    const key = freshKey(root);
    const spans = { freshMs: 5, staleMs: Infinity, errorMs: Infinity };
    const stored = await authority.set(key, frameOf(layout, randomVersion()), spans, Infinity);
    assert.ok(stored.kind === "stored");
    const { frame = new Uint8Array() } = await authority.read(key, []);
    const { createdAt } = stored;
    assert.deepEqual(instantsOf(layout, frame), [createdAt, createdAt + 5, Infinity, Infinity]);
  });

  test("drops an entry when the last of its instants has come", async () => {
    const { authority, root, layout } = await open();
    const key = freshKey(root);
    await authority.set(key, frameOf(layout, randomVersion()), { freshMs: 0, staleMs: 0.5, errorMs: 20.5 }, Infinity);
    await eventually("the entry is gone", async () => (await authority.read(key, [])).frame === undefined);
  });

  for (const verb of ["remove", "set", "markStale"] as const) {
    test(`fences a flight by ${verb}: its fill is refused, and another may begin`, async () => {
      const { authority, other, root, layout } = await open();
      const key = freshKey(root);
      const deadline = (await authority.now()) + 60_000;
      const frame = frameOf(layout, randomVersion());
      await authority.acquire(key, "mine", undefined, LEASE_MS);
      if (verb === "set") await other.set(key, frame, LONG, deadline);
      else await other[verb](key, deadline);
      const before = (await other.read(key, [])).frame;
      const filled = await authority.fill(key, "mine", frameOf(layout, randomVersion()), LONG, deadline);
      assert.deepEqual(filled, { kind: "fenced" });
      assert.deepEqual((await other.read(key, [])).frame, before);
      const version =
        verb === "set" ? Buffer.from(frame).toString("hex", layout.versionOffset, layout.versionOffset + 8) : undefined;
      assert.deepEqual(await other.acquire(key, "next", version, LEASE_MS), { kind: "granted" });
    });
  }

  test("stores what is set in place of any other entry", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    const frames = [frameOf(layout, randomVersion()), frameOf(layout, randomVersion())] as const;
    await authority.set(key, frames[0], LONG, Infinity);
    await other.set(key, frames[1], LONG, Infinity);
    const { frame = new Uint8Array() } = await authority.read(key, []);
    assert.deepEqual(withoutInstants(layout, frame), Buffer.from(frames[1]));
  });

  test("stores several that are set at once in their order, if it offers that: in time, or not at all", async () => {
    const { authority, other, root, layout } = await open();
    if (authority.setMany === undefined) return;
    const [leased, twice] = [freshKey(root), freshKey(root)];
    const [first, second, third] = [randomVersion(), randomVersion(), randomVersion()];
    const spans = { freshMs: 10_000, staleMs: 20_000, errorMs: 30_000 };
    const sets = [
      { fullKey: twice, frame: frameOf(layout, first), version: first, spans: LONG },
      { fullKey: leased, frame: frameOf(layout, second), version: second, spans },
      { fullKey: twice, frame: frameOf(layout, third), version: third, spans: LONG },
    ];
    const frames = sets.map(({ frame }) => Buffer.from(frame));
    await other.acquire(leased, "theirs", undefined, LEASE_MS);
    const past = (await authority.now()) - 1;
    assert.deepEqual(
      await authority.setMany(sets, past),
      sets.map(() => ({ kind: "late" })),
    );
    assert.equal(await other.renew(leased, "theirs", LEASE_MS), true);
    assert.equal((await other.read(twice, [])).frame, undefined);
    const [stored, ...rest] = await authority.setMany(sets, Infinity);
    assert.ok(stored !== undefined && "kind" in stored && stored.kind === "stored");
    assert.equal(rest.length, 2);
    const read = (await other.read(leased, [])).frame ?? new Uint8Array();
    const [createdAt, ...until] = instantsOf(layout, read);
    assert.deepEqual(until, [createdAt + 10_000, createdAt + 20_000, createdAt + 30_000]);
    assert.deepEqual(withoutInstants(layout, read), withoutInstants(layout, frames[1] ?? read));
    const last = (await other.read(twice, [])).frame ?? new Uint8Array();
    assert.deepEqual(withoutInstants(layout, last), withoutInstants(layout, frames[2] ?? last));
    assert.equal(await other.renew(leased, "theirs", LEASE_MS), false);
  });

  test("removes an entry, and says whether there was one", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    assert.deepEqual(await authority.remove(key, Infinity), { existed: false });
    await authority.set(key, frameOf(layout, randomVersion()), LONG, Infinity);
    assert.deepEqual(await other.remove(key, Infinity), { existed: true });
    assert.equal((await authority.read(key, [])).frame, undefined);
  });

  test("discards an entry for the holder of its lease, and for nobody else", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    const version = randomVersion();
    await authority.set(key, frameOf(layout, version), LONG, Infinity);
    const before = await authority.read(key, []);
    assert.equal(await authority.discard(key, "mine", Infinity), "fenced");
    await authority.acquire(key, "mine", version, LEASE_MS);
    assert.equal(await other.discard(key, "theirs", Infinity), "fenced");
    assert.deepEqual(await authority.read(key, []), before);
    assert.equal(await authority.discard(key, "mine", Infinity), "done");
    assert.equal((await other.read(key, [])).frame, undefined);
    assert.equal(await authority.renew(key, "mine", LEASE_MS), false);
  });

  test("makes an entry stale from now on and leaves the rest of it as it is", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    await authority.set(key, frameOf(layout, randomVersion()), LONG, Infinity);
    const { frame: fresh = new Uint8Array() } = await authority.read(key, []);
    assert.equal(await other.markStale(key, Infinity), true);
    const now = await authority.now();
    const { frame: stale = new Uint8Array() } = await authority.read(key, []);
    const [createdAt, freshUntil, ...rest] = instantsOf(layout, stale);
    assert.ok(freshUntil <= now && createdAt <= freshUntil, `${createdAt} ${freshUntil} ${now}`);
    assert.deepEqual(rest, instantsOf(layout, fresh).slice(2));
    assert.deepEqual(withoutInstants(layout, stale), withoutInstants(layout, fresh));
  });

  test("does not make an entry fresher that is stale already, nor one of nothing", async () => {
    const { authority, root, layout } = await open();
    const key = freshKey(root);
    await authority.set(key, frameOf(layout, randomVersion()), { ...LONG, freshMs: 0 }, Infinity);
    const before = await authority.read(key, []);
    await authority.markStale(key, Infinity);
    assert.deepEqual(await authority.read(key, []), before);
    const nothing = freshKey(root);
    assert.equal(await authority.markStale(nothing, Infinity), true);
    assert.equal((await authority.read(nothing, [])).frame, undefined);
  });

  test("does nothing after the deadline, whatever it is asked for", async () => {
    const { authority, root, layout } = await open();
    const key = freshKey(root);
    const version = randomVersion();
    await authority.set(key, frameOf(layout, version), LONG, Infinity);
    await authority.acquire(key, "mine", version, LEASE_MS);
    const before = await authority.read(key, [{ kind: "root" }]);
    const past = (await authority.now()) - 1;
    const other = frameOf(layout, randomVersion());
    assert.deepEqual(await authority.fill(key, "mine", other, LONG, past), { kind: "late" });
    assert.deepEqual(await authority.set(key, other, LONG, past), { kind: "late" });
    assert.deepEqual(await authority.remove(key, past), { existed: undefined });
    assert.equal(await authority.discard(key, "mine", past), "late");
    assert.equal(await authority.markStale(key, past), false);
    assert.equal(await authority.announce(undefined, "*", past), false);
    assert.equal(await authority.bump({ kind: "root" }, false, past), false);
    assert.deepEqual(await authority.read(key, [{ kind: "root" }]), before);
    assert.equal(await authority.renew(key, "mine", LEASE_MS), true);
  });

  test("removes nothing by announcing what is gone", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    await authority.set(key, frameOf(layout, randomVersion()), LONG, Infinity);
    const before = await authority.read(key, []);
    assert.equal(await other.announce(undefined, "*", Infinity), true);
    assert.deepEqual(await authority.read(key, []), before);
  });

  test("says the same of who it is to all processes, however often, if it says so", async () => {
    const { authority, other } = await open();
    const identity = await authority.identity();
    await authority.bump(freshTag(), false, Infinity);
    assert.equal(await other.identity(), identity);
    assert.equal(await authority.identity(), identity);
  });

  test("tells a time that goes on", async () => {
    const { authority, other } = await open();
    const first = await authority.now();
    await eventually("time goes on", async () => (await other.now()) > first);
  });
}
