// What every Bus promises, together with the authority that publishes on it, as tests.

import type { Authority, EpochName } from "../contracts/authority.ts";
import type { Bus, BusMessage } from "../contracts/bus.ts";
import type { Clock } from "../contracts/clock.ts";
import type { FrameLayout } from "../contracts/frame.ts";
import {
  eventually,
  frameOf,
  freshKey,
  freshTag,
  randomVersion,
  unique,
  type Suite,
  type SuiteAssert,
  LEASE_MS,
  LONG,
} from "./suite.ts";

/** One process of several that share a cache. Its bus has not been started. */
export interface BusProcess {
  readonly authority: Authority;
  readonly bus: Bus;
}

/** Makes processes, and says what they share. */
export interface BusUnderTest {
  /** Another process of the same cache. */
  open(): BusProcess;
  /** What full keys start with. */
  readonly root: string;
  /** The layout of frames that the authorities were opened with. */
  readonly layout: FrameLayout;
  /** The clock that the buses were opened with: `systemClock`, or one that runs like it. */
  readonly clock: Clock;
}

/**
 * Registers one test for each promise of a `Bus`. The tests wait until a bus has probed itself twice, so give it a
 * period of a second or so, not of minutes.
 *
 * @param suite the test runner
 * @param start gives a cache that no other test uses, once per test: these tests hear every message of the cache. Whoever
 *   brings it closes what it opened, after each test.
 *
 * @example
 * ```ts
 * const opened: MyTier[] = [];
 * afterEach(() => Promise.all(opened.splice(0).map((process) => process.close())));
 *
 * let count = 0;
 * busContract({ test, assert }, () => {
 *   const root = `shop${++count}`;
 *   const open = () => {
 *     const process = openMyTier({ root, layout: SAMPLE_LAYOUT, clock: systemClock });
 *     opened.push(process);
 *     return process;
 *   };
 *   return Promise.resolve({ open, root, layout: SAMPLE_LAYOUT, clock: systemClock });
 * });
 * ```
 */
export function busContract(suite: Suite, start: () => Promise<BusUnderTest>): void {
  const { test } = suite;
  const assert: SuiteAssert = suite.assert;

  test("is not live before it is started, and then says when it is, once", async () => {
    const under = await start();
    const { bus } = under.open();
    assert.equal(bus.isLive, false);
    assert.ok(bus.trustedUntil <= under.clock.now());
    const heard = await listening(bus);
    assert.deepEqual(heard.log, ["live"]);
    assert.equal(bus.isLive, true);
    assert.ok(bus.trustedUntil > under.clock.now());
  });

  test("brings word of every kind of change to all processes, the one that made it included", async () => {
    const under = await start();
    const [one, two] = [under.open(), under.open()];
    const [own, others] = [await listening(one.bus), await listening(two.bus)];
    const changes = await everyChange(one.authority, under);
    for (const heard of [own, others]) {
      await eventually("all messages have come", () => heard.messages.length >= changes.length);
      // In any order: they come from different servers, and carry doubt, which needs no order.
      assert.deepEqual(sorted(heard.messages), sorted(changes));
    }
    assert.deepEqual(new Set(own.isOwn), new Set([true]));
    assert.deepEqual(new Set(others.isOwn), new Set([false]));
    assert.deepEqual([...own.log, ...others.log], ["live", "live"]);
  });

  test("says nothing of what was refused, too late, or changes nothing that others hold", async () => {
    const under = await start();
    const [one, two] = [under.open(), under.open()];
    const heard = await listening(two.bus);
    const key = freshKey(under.root);
    const frame = frameOf(under.layout, randomVersion());
    const past = (await one.authority.now()) - 1;
    await one.authority.acquire(key, "mine", undefined, LEASE_MS);
    await one.authority.renew(key, "mine", LEASE_MS);
    await one.authority.fill(key, "theirs", frame, LONG, Infinity);
    await one.authority.discard(key, "theirs", Infinity);
    await one.authority.discard(key, "mine", past);
    await one.authority.release(key, "mine");
    await one.authority.set(key, frame, LONG, past);
    await one.authority.remove(key, past);
    await one.authority.markStale(key, past);
    await one.authority.announce(undefined, "*", past);
    await one.authority.bump({ kind: "root" }, false, past);
    await one.authority.read(key, [freshTag()]);
    await one.authority.remove(key, Infinity);
    await eventually("the message has come", () => heard.messages.length > 0);
    assert.deepEqual(heard.messages, [{ kind: "key", fullKey: key, version: undefined }]);
    assert.deepEqual(heard.log, ["live"]);
  });

  test("says again and again that its probes are answered", async () => {
    const under = await start();
    const { probes } = await listening(under.open().bus);
    await eventually("three have been answered", () => probes.length >= 3);
    assert.ok(probes.every(Boolean));
  });

  test("stays live and trusted while nothing happens", async () => {
    const under = await start();
    const heard = await listening(under.open().bus);
    const bus = under.open().bus;
    await listening(bus);
    const first = bus.trustedUntil;
    await eventually("it has been seen to work again", () => bus.trustedUntil > first);
    await eventually("the first trust would have run out", () => {
      assert.ok(bus.isLive && bus.trustedUntil > under.clock.now());
      return under.clock.now() > first;
    });
    assert.deepEqual(heard.log, ["live"]);
  });

  test("survives a receiver that throws", async () => {
    const under = await start();
    const { bus, authority } = under.open();
    let told = 0;
    const fail = (): never => {
      told++;
      throw new Error("thrown by a receiver");
    };
    await bus.start({ onMessage: fail, onDoubt: fail, onLive: fail, onProbe: fail });
    await eventually("it has been told", () => told > 0);
    const before = told;
    await authority.remove(freshKey(under.root), Infinity);
    await eventually("it is told further", () => told > before);
  });

  test("says nothing after it was closed, however often", async () => {
    const under = await start();
    const [one, two] = [under.open(), under.open()];
    const [closed, open] = [await listening(one.bus), await listening(two.bus)];
    await one.bus.close();
    await one.bus.close();
    assert.equal(one.bus.isLive, false);
    await two.authority.remove(freshKey(under.root), Infinity);
    await eventually("the message has come", () => open.messages.length > 0);
    assert.deepEqual([closed.messages, closed.log], [[], ["live"]]);
  });
}

function sorted(messages: readonly BusMessage[]): string[] {
  return messages.map((message) => JSON.stringify(Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}

interface Listening {
  readonly messages: BusMessage[];
  readonly isOwn: boolean[];
  /** `live` and `doubt: <reason>`. */
  readonly log: string[];
  /** Whether its probes were answered. */
  readonly probes: boolean[];
}

async function listening(bus: Bus): Promise<Listening> {
  const heard: Listening = { messages: [], isOwn: [], log: [], probes: [] };
  await bus.start({
    onMessage(message, isOwn) {
      heard.messages.push(message);
      heard.isOwn.push(isOwn);
    },
    onDoubt: (reason) => void heard.log.push(`doubt: ${reason}`),
    onLive: () => void heard.log.push("live"),
    onProbe: (answered) => void heard.probes.push(answered),
  });
  await eventually("the bus is live", () => bus.isLive);
  return heard;
}

/** Makes every change there is; resolves with the messages that tell of it. */
async function everyChange(authority: Authority, { root, layout }: BusUnderTest): Promise<BusMessage[]> {
  const key = freshKey(root).replace("}", " two words\u00e9😀}");
  const versions = [randomVersion(), randomVersion()] as const;
  const discarded = freshKey(root);
  const names: EpochName[] = [
    { kind: "root" },
    { kind: "namespace", name: undefined },
    { kind: "namespace", name: unique("n s") },
    { kind: "tag", name: unique("t:{%} \n") },
  ];
  await authority.acquire(key, "mine", undefined, LEASE_MS);
  await authority.fill(key, "mine", frameOf(layout, versions[0]), LONG, Infinity);
  await authority.set(key, frameOf(layout, versions[1]), LONG, Infinity);
  await authority.markStale(key, Infinity);
  await authority.remove(key, Infinity);
  await authority.acquire(discarded, "mine", undefined, LEASE_MS);
  await authority.discard(discarded, "mine", Infinity);
  const patterns = [undefined, unique("n s")].map((namespace) => ({ namespace, pattern: "a b:*[é😀]?\\n" }));
  for (const { namespace, pattern } of patterns) await authority.announce(namespace, pattern, Infinity);
  const epochs: BusMessage[] = [];
  for (const [name, soft] of names.flatMap((one) => [[one, false] as const, [one, true] as const])) {
    await authority.bump(name, soft, Infinity);
    epochs.push({ kind: "epoch", name, soft });
  }
  return [
    { kind: "filled", fullKey: key, version: versions[0] },
    { kind: "key", fullKey: key, version: versions[1] },
    { kind: "key", fullKey: key, version: undefined },
    { kind: "key", fullKey: key, version: undefined },
    { kind: "key", fullKey: discarded, version: undefined },
    ...patterns.map((matching) => ({ kind: "matching" as const, ...matching })),
    ...epochs,
  ];
}
