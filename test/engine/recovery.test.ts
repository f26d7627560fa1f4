// R9: which invalidations count as recent, by what is done again for an authority that is another than before.

import { expect, test } from "vitest";
import { Recovery } from "../../src/engine/recovery.ts";
import type { SharedTier } from "../../src/engine/shared-tier.ts";
import { Epoch } from "../../src/model/epoch.ts";
import { FakeClock } from "../support/fake-clock.ts";

const key = (id: string) => ({ kind: "key", id, fullKey: id, soft: false }) as const;

/** A recovery, and an authority that takes everything and is another each time it is asked. */
function start() {
  const clock = new FakeClock();
  const done: string[] = [];
  let asked = 0;
  const authority: Partial<SharedTier> = {
    deadlinesUntil: -Infinity,
    sync: () => undefined,
    identity: () => Promise.resolve(`run ${++asked}`),
    remove(fullKey) {
      done.push(fullKey);
      return Promise.resolve({ existed: true });
    },
    bump(name) {
      done.push(name.kind);
      return Promise.resolve(true);
    },
  };
  const listener = { onReplayed: () => undefined, onEmpty: () => undefined };
  const recovery = new Recovery(authority as SharedTier, clock, new Epoch("root", undefined, 0), listener);
  /** What is done again for another authority. */
  const again = async (): Promise<string[]> => {
    done.length = 0;
    recovery.reissue();
    await recovery.tryNow();
    recovery.stop();
    return done.toSorted();
  };
  return { clock, recovery, again };
}

test("R9 what is done again for another authority is of the last minute", async () => {
  const { clock, recovery, again } = start();
  recovery.note(key("old"));
  clock.block(30_000);
  recovery.note(key("younger"));
  clock.block(31_000);
  recovery.note(key("new"));
  expect(await again()).toEqual(["new", "younger"]);
});

test("R9 one that was done twice is recent as of the second time", async () => {
  const { clock, recovery, again } = start();
  recovery.note(key("twice"));
  recovery.note(key("once"));
  clock.block(59_000);
  recovery.note(key("twice"));
  for (let second = 0; second < 30; second++) {
    clock.block(1_000);
    recovery.note(key("other"));
  }
  expect(await again()).toEqual(["other", "twice"]);
});

test("R9 keys that are set all the time push out none of the others", async () => {
  const { clock, recovery, again } = start();
  recovery.note(key("other"));
  for (let round = 0; round < 300; round++) {
    for (let hot = 0; hot < 100; hot++) recovery.note(key(`hot ${hot}`));
    clock.block(100);
  }
  const found = await again();
  expect([found.length, found.includes("other"), found.includes("root")]).toEqual([101, true, false]);
});

test("R9 more than can be kept counts as everything", async () => {
  const { recovery, again } = start();
  recovery.note(key("first"));
  recovery.note(key("second"));
  for (let n = 0; n < 20_000; n++) recovery.note(key(`k${n}`));
  // Everything ends, and with it all of them: more than can be pending.
  expect(await again()).toEqual(["root"]);
});

test("R9 a mark of a key that was deleted does not stand for its deletion", async () => {
  const { recovery, again } = start();
  recovery.note(key("k"));
  recovery.note({ ...key("k"), soft: true });
  expect(await again()).toEqual(["k"]);
});
