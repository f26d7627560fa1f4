// What every Authority promises about epochs: opaque, never the same twice, and their loss is a change.

import type { EpochName } from "../contracts/authority.ts";
import { freshKey, freshTag, unique, type Suite, type SuiteAssert, type AuthorityUnderTest } from "./suite.ts";

/** Registers the tests about epochs. */
export function authorityEpochContract(suite: Suite, open: () => Promise<AuthorityUnderTest>): void {
  const { test } = suite;
  const assert: SuiteAssert = suite.assert;
  test("makes an epoch when it is asked for first, and gives everybody the same one from then on", async () => {
    const { authority, other } = await open();
    const names: EpochName[] = [{ kind: "root" }, freshTag(), { kind: "namespace", name: unique("n") }];
    const asked = await Promise.all([authority.epochs(names), other.epochs(names), authority.epochs(names)]);
    assert.deepEqual(asked[1], asked[0]);
    assert.deepEqual(asked[2], asked[0]);
    assert.equal(new Set(asked[0].map(({ hard }) => hard)).size, names.length);
  });

  test("says when an epoch was made or changed last", async () => {
    const { authority } = await open();
    const tag = freshTag();
    const before = await authority.now();
    const [made] = await authority.epochs([tag]);
    const between = await authority.now();
    await authority.bump(tag, true, Infinity);
    const [changed] = await authority.epochs([tag]);
    const after = await authority.now();
    assert.ok(made !== undefined && made.since >= before && made.since <= between);
    assert.ok(changed !== undefined && changed.since >= between && changed.since <= after);
  });

  test("changes the one half of an epoch and leaves the other", async () => {
    const { authority, other } = await open();
    const tag = freshTag();
    const [first] = await authority.epochs([tag]);
    assert.equal(await other.bump(tag, false, Infinity), true);
    const [second] = await authority.epochs([tag]);
    assert.notEqual(second?.hard, first?.hard);
    assert.equal(second?.soft, first?.soft);
    assert.equal(await other.bump(tag, true, Infinity), true);
    const [third] = await authority.epochs([tag]);
    assert.equal(third?.hard, second?.hard);
    assert.notEqual(third?.soft, second?.soft);
  });

  test("never uses an epoch twice, however fast they change", async () => {
    const { authority, other } = await open();
    const tag = freshTag();
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      await Promise.all([authority.bump(tag, false, Infinity), other.bump(tag, false, Infinity)]);
      const [epoch] = await authority.epochs([tag]);
      seen.add(epoch?.hard ?? "");
    }
    assert.equal(seen.size, 20);
  });

  test("changes an epoch that was not there yet", async () => {
    const { authority } = await open();
    for (const soft of [false, true]) {
      const tag = freshTag();
      assert.equal(await authority.bump(tag, soft, Infinity), true);
      const [first] = await authority.epochs([tag]);
      await authority.bump(tag, soft, Infinity);
      const [second] = await authority.epochs([tag]);
      assert.notEqual(soft ? second?.soft : second?.hard, soft ? first?.soft : first?.hard);
    }
  });

  test("keeps namespaces, tags and their names apart", async () => {
    const { authority } = await open();
    const name = unique("same");
    const names: EpochName[] = [
      { kind: "namespace", name },
      { kind: "tag", name },
      { kind: "namespace", name: undefined },
      { kind: "namespace", name: "undefined" },
      ...[`${name}:r`, `{${name}}`, `${name}}`, `${name} x`, `%${name}`].map(
        (odd) => ({ kind: "tag", name: odd }) as const,
      ),
    ];
    const before = await authority.epochs(names);
    assert.equal(new Set(before.map(({ hard }) => hard)).size, names.length);
    for (const [index, changed] of names.entries()) {
      const [a, b] = [await authority.epochs(names), await authority.bump(changed, false, Infinity)];
      assert.ok(b);
      const after = await authority.epochs(names);
      assert.deepEqual(
        after.map(({ hard }, at) => hard === a[at]?.hard),
        names.map((_, at) => at !== index),
      );
    }
  });

  test("gives epochs along with a frame, in the order asked for", async () => {
    const { authority, root } = await open();
    const names = [freshTag(), { kind: "root" } as const, freshTag()];
    const reply = await authority.read(freshKey(root), names);
    const epochs = await authority.epochs(names);
    assert.equal(reply.frame, undefined);
    assert.deepEqual(
      reply.epochs.map(({ hard, soft }) => [hard, soft]),
      epochs.map(({ hard, soft }) => [hard, soft]),
    );
  });
}
