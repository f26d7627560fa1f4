// What every Authority promises about leases: one holder at a time, and none for ever.

import type { Authority } from "../contracts/authority.ts";
import {
  eventually,
  frameOf,
  freshKey,
  randomVersion,
  unique,
  type Suite,
  type SuiteAssert,
  LEASE_MS,
  LONG,
  type AuthorityUnderTest,
} from "./suite.ts";

/** Registers the tests about leases. */
export function authorityLeaseContract(suite: Suite, open: () => Promise<AuthorityUnderTest>): void {
  const { test } = suite;
  const assert: SuiteAssert = suite.assert;
  test("grants the lease of a key to one of many at a time", async () => {
    const { authority, other, root } = await open();
    const key = freshKey(root);
    const tries = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? authority : other).acquire(key, `token${index}`, undefined, LEASE_MS),
    );
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === "granted").length, 1);
    assert.equal(kinds.filter((kind) => kind === "held").length, 19);
  });

  test("says for how long a lease is held at most", async () => {
    const { authority, other, root } = await open();
    const key = freshKey(root);
    await authority.acquire(key, "mine", undefined, LEASE_MS);
    const denied = await other.acquire(key, "theirs", undefined, LEASE_MS);
    assert.ok(denied.kind === "held");
    assert.ok(denied.remainingMs > LEASE_MS - 5_000 && denied.remainingMs <= LEASE_MS, String(denied.remainingMs));
  });

  test("grants again what the same token holds: its first answer may have been lost", async () => {
    const { authority, root } = await open();
    const key = freshKey(root);
    await authority.acquire(key, "mine", undefined, LEASE_MS);
    assert.deepEqual(await authority.acquire(key, "mine", undefined, LEASE_MS), { kind: "granted" });
  });

  test("lets another take over when a lease has run out, and refuses what the first then does", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    const deadline = (await authority.now()) + 60_000;
    await authority.acquire(key, "stalled", undefined, 30);
    await eventually("the lease runs out", async () => {
      return (await other.acquire(key, "next", undefined, LEASE_MS)).kind === "granted";
    });
    assert.equal(await authority.renew(key, "stalled", LEASE_MS), false);
    const late = await authority.fill(key, "stalled", frameOf(layout, randomVersion()), LONG, deadline);
    assert.deepEqual(late, { kind: "fenced" });
    await authority.release(key, "stalled");
    assert.equal((await authority.acquire(key, "third", undefined, LEASE_MS)).kind, "held");
    assert.equal((await authority.read(key, [])).frame, undefined);
  });

  test("renews a lease for its holder alone", async () => {
    const { authority, other, root } = await open();
    const key = freshKey(root);
    assert.equal(await authority.renew(key, "mine", LEASE_MS), false);
    await authority.acquire(key, "mine", undefined, 2_000);
    assert.equal(await other.renew(key, "theirs", LEASE_MS), false);
    assert.equal(await authority.renew(key, "mine", LEASE_MS), true);
    const denied = await other.acquire(key, "theirs", undefined, LEASE_MS);
    assert.ok(denied.kind === "held" && denied.remainingMs > 2_000);
  });

  test("gives a lease back for its holder alone", async () => {
    const { authority, other, root } = await open();
    const key = freshKey(root);
    await authority.acquire(key, "mine", undefined, LEASE_MS);
    await other.release(key, "theirs");
    assert.equal((await other.acquire(key, "theirs", undefined, LEASE_MS)).kind, "held");
    await authority.release(key, "mine");
    assert.equal((await other.acquire(key, "theirs", undefined, LEASE_MS)).kind, "granted");
  });

  test("hands over the entry instead of the lease when it is not the one the caller knows", async () => {
    const { authority, other, root, layout } = await open();
    const key = freshKey(root);
    const version = randomVersion();
    await authority.set(key, frameOf(layout, version), LONG, Infinity);
    for (const known of [undefined, randomVersion()]) {
      const changed = await other.acquire(key, "mine", known, LEASE_MS);
      assert.ok(changed.kind === "changed");
      assert.deepEqual(Buffer.from(changed.frame ?? []), Buffer.from((await authority.read(key, [])).frame ?? []));
    }
    assert.deepEqual(await other.acquire(key, "mine", version, LEASE_MS), { kind: "granted" });
  });

  test("says that the entry the caller knows has gone", async () => {
    const { authority, root } = await open();
    const key = freshKey(root);
    const gone = await authority.acquire(key, "mine", randomVersion(), LEASE_MS);
    assert.deepEqual(gone, { kind: "changed", frame: undefined });
    assert.deepEqual(await authority.acquire(key, "mine", undefined, LEASE_MS), { kind: "granted" });
  });

  test("keeps the leases of different keys apart", async () => {
    const { authority, root } = await open();
    const grants = await Promise.all(
      [0, 1, 2].map(() => authority.acquire(freshKey(root), "mine", undefined, LEASE_MS)),
    );
    assert.deepEqual(
      grants.map(({ kind }) => kind),
      ["granted", "granted", "granted"],
    );
  });

  test("lists the full keys that have a lease and start with a prefix, and no others", async () => {
    const { authority, other, root, layout } = await open();
    const start = `${root}:v:{${unique("list")}:`;
    const keys = Array.from({ length: 30 }, (_, index) => `${start}k${index}}`);
    const [released, filled, removed] = [`${start}a}`, `${start}b}`, `${start}c}`] as const;
    for (const key of [...keys, released, filled, removed, freshKey(root)]) {
      await authority.acquire(key, "mine", undefined, LEASE_MS);
    }
    await authority.release(released, "mine");
    await authority.fill(filled, "mine", frameOf(layout, randomVersion()), LONG, Infinity);
    await authority.remove(removed, Infinity);
    assert.deepEqual(await leased(other, start), [...keys].sort());
    assert.deepEqual(await leased(other, `${start}k12}`), [`${start}k12}`]);
    assert.deepEqual(await leased(other, `${start}x`), []);
    const all = await leased(other, root);
    assert.ok(keys.every((key) => all.includes(key)));
    assert.deepEqual(await leased(other, unique("elsewhere")), []);
  });

  test("lists no lease that has run out, nor one of a cache whose name begins alike", async () => {
    const { authority, root } = await open();
    const name = unique("brief");
    const [mine, theirs] = [`${root}:v:{${name}:k}`, `${root}:v:v:{${name}:k}`];
    await authority.acquire(mine, "mine", undefined, 30);
    await authority.acquire(theirs, "mine", undefined, LEASE_MS);
    await eventually("the lease runs out", async () => !(await leased(authority, root)).includes(mine));
    assert.ok(!(await leased(authority, `${root}:v:{`)).includes(theirs));
  });

  test("takes the prefix of leases literally, whatever patterns mean to it", async () => {
    const { authority, root } = await open();
    const start = `${root}:v:{${unique("glob")}:`;
    const odd = ["*", "?", "[a]", "[^b]", "\\", "\\*", "a*b", "a", "ab"];
    for (const name of odd) await authority.acquire(`${start}${name}!}`, "mine", undefined, LEASE_MS);
    for (const name of odd) assert.deepEqual(await leased(authority, `${start}${name}!`), [`${start}${name}!}`], name);
  });
}

async function leased(authority: Authority, prefix: string): Promise<string[]> {
  const keys = new Set<string>();
  for await (const key of authority.leases(prefix)) keys.add(key);
  return [...keys].sort();
}
