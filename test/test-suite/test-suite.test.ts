// The suites that others run, run on implementations that keep their promises, and on ones that break one each.

import assert from "node:assert/strict";
import { expect, test } from "vitest";
import type { Authority } from "../../src/contracts/authority.ts";
import type { Bus } from "../../src/contracts/bus.ts";
import type { Tier } from "../../src/contracts/tier.ts";
import {
  authorityContract,
  busContract,
  SAMPLE_LAYOUT,
  systemClock,
  tierContract,
  type Suite,
} from "../../src/test-suite/index.ts";
import { mapTier } from "./map-tier.ts";
import { memoryAuthority, memoryBus, World } from "./memory-authority.ts";

/** Breaks one promise. */
type Fault<T> = (healthy: T) => T;

const none = <T>(healthy: T): T => healthy;

test("a tier that keeps its promises passes", async () => {
  expect(await failuresOfTier(none)).toEqual([]);
});

test.each<[string, Fault<Tier>, string]>([
  ["says that there was something to delete", (tier) => deletesAnything(tier), "deletes a frame"],
  ["lists more than it was asked for", (tier) => ({ ...tier, keys: () => tier.keys("") }), "lists the full keys"],
  ["does not tell capitals from small letters", (tier) => caseless(tier), "keeps keys apart"],
])("a tier that %s does not", async (_what, fault, failing) => {
  expect(await failuresOfTier(fault)).toContainEqual(expect.stringContaining(failing));
});

test("an authority that keeps its promises passes", async () => {
  expect(await failuresOfAuthority(none)).toEqual([]);
});

test.each<[string, Fault<Authority>, string]>([
  ["fills without a lease", (authority) => ({ ...authority, fill: unfenced(authority) }), "fences a flight by remove"],
  ["discards without a lease", (authority) => ({ ...authority, discard: unleased(authority) }), "discards an entry"],
  [
    "takes a soft epoch for a hard one",
    (authority) => ({ ...authority, bump: hard(authority) }),
    "changes the one half of an epoch",
  ],
  ["sets after the deadline", (authority) => ({ ...authority, set: tireless(authority) }), "after the deadline"],
])("an authority that %s does not", async (_what, fault, failing) => {
  expect(await failuresOfAuthority(fault)).toContainEqual(expect.stringContaining(failing));
});

test("a bus that keeps its promises passes", async () => {
  expect(await failuresOfBus(none)).toEqual([]);
});

test.each<[string, Fault<Bus>, string]>([
  ["takes all messages for its own", (bus) => allOwn(bus), "brings word of every kind of change"],
  ["says twice that it is live", (bus) => liveTwice(bus), "says when it is, once"],
  ["goes on after it was closed", (bus) => wrap(bus, { close: () => Promise.resolve() }), "after it was closed"],
])("a bus that %s does not", async (_what, fault, failing) => {
  expect(await failuresOfBus(fault)).toContainEqual(expect.stringContaining(failing));
});

function deletesAnything(tier: Tier): Tier {
  return { ...tier, delete: (key) => tier.delete(key).then(() => true) };
}

function caseless(tier: Tier): Tier {
  const small = (key: string): string => key.toLowerCase();
  const set: Tier["set"] = (key, frame, lifetimeMs) => tier.set(small(key), frame, lifetimeMs);
  return { ...tier, set, get: (key) => tier.get(small(key)), delete: (key) => tier.delete(small(key)) };
}

function unfenced(authority: Authority): Authority["fill"] {
  return (key, _token, frame, spans, deadline) => authority.set(key, frame, spans, deadline);
}

function unleased(authority: Authority): Authority["discard"] {
  return (key, _token, deadline) => authority.remove(key, deadline).then(() => "done");
}

function hard(authority: Authority): Authority["bump"] {
  return (name, _soft, deadline) => authority.bump(name, false, deadline);
}

function tireless(authority: Authority): Authority["set"] {
  return (key, frame, spans) => authority.set(key, frame, spans, Infinity);
}

function allOwn(bus: Bus): Bus {
  return wrap(bus, {
    start: (told) => bus.start({ ...told, onMessage: (message) => told.onMessage(message, true) }),
  });
}

function liveTwice(bus: Bus): Bus {
  return wrap(bus, {
    async start(told) {
      await bus.start(told);
      told.onLive();
    },
  });
}

/** The getters of a bus are asked anew each time. */
function wrap(bus: Bus, other: Partial<Pick<Bus, "start" | "close">>): Bus {
  return Object.create(bus, Object.fromEntries(Object.entries(other).map(([name, value]) => [name, { value }]))) as Bus;
}

function failuresOfTier(fault: Fault<Tier>): Promise<string[]> {
  const tier = fault(mapTier());
  return failures((suite) => tierContract(suite, () => Promise.resolve({ tier, root: "shop" })));
}

function failuresOfAuthority(fault: Fault<Authority>): Promise<string[]> {
  const world = new World();
  const [authority, other] = [fault(memoryAuthority(world, {})), fault(memoryAuthority(world, {}))];
  const underTest = { authority, other, root: "shop", layout: SAMPLE_LAYOUT };
  return failures((suite) => authorityContract(suite, () => Promise.resolve(underTest)));
}

async function failuresOfBus(fault: Fault<Bus>): Promise<string[]> {
  const healthy: Bus[] = [];
  const start = () => {
    const world = new World();
    const open = () => {
      const process = {};
      const bus = memoryBus(world, process);
      healthy.push(bus);
      return { bus: fault(bus), authority: memoryAuthority(world, process) };
    };
    return Promise.resolve({ open, root: "shop", layout: SAMPLE_LAYOUT, clock: systemClock });
  };
  try {
    return await failures((suite) => busContract(suite, start));
  } finally {
    await Promise.all(healthy.map((bus) => bus.close()));
  }
}

/** Runs all tests of a suite at once, as it allows, and gives the names of those that fail. */
async function failures(register: (suite: Suite) => void): Promise<string[]> {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  register({ test: (name, body) => void tests.push({ name, body }), assert });
  expect(tests.length).toBeGreaterThan(5);
  const outcomes = await Promise.allSettled(tests.map(({ body }) => body()));
  return tests.flatMap(({ name }, index) => (outcomes[index]?.status === "rejected" ? [name] : []));
}
