// What the adapter promises with every library of clients: the contracts, and what depends on the library most.

import assert from "node:assert/strict";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Authority } from "../../src/contracts/authority.ts";
import type { Bus } from "../../src/contracts/bus.ts";
import type { RemoteTier } from "../../src/contracts/remote.ts";
import type { Tier } from "../../src/contracts/tier.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { redisTier, RedisTierOptions } from "../../src/redis/options.ts";
import { authorityContract } from "../../src/test-suite/authority.ts";
import { busContract } from "../../src/test-suite/bus.ts";
import { frameOf, freshKey, LEASE_MS, LONG, randomVersion, unique } from "../../src/test-suite/suite.ts";
import { tierContract } from "../../src/test-suite/tier.ts";
import { FAULTS } from "../support/redis/faults.ts";
import type { RedisServer, Undo } from "../support/redis/redis-server.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { waitUntil } from "../support/wait-until.ts";
import { listen, type Heard } from "./open.ts";

/** Commands of tests may take long: the machine is shared. */
const TIMEOUT_MS = 5_000;
const LIVE_MS = 15_000;

/** What the tests of a library run on. */
export interface Stage {
  /** The servers that take writes. */
  readonly primaries: readonly RedisServer[];
  /** Whoever calls it closes what it gives. */
  open(root: string, more?: RedisTierOptions): RemoteTier;
  /** Ends servers and clients. */
  stop(): Promise<void>;
}

/** Opens a tier, as a cache does. */
export function openTier(make: typeof redisTier, root: string, options: RedisTierOptions): RemoteTier {
  const plan = make({ timeout: TIMEOUT_MS, ...options }).prepare("tiers[0]");
  return plan.open({ root, layout: FRAME_LAYOUT, clock: systemClock, onReconnect: () => undefined });
}

/** One process, as far as Redis is concerned. */
export interface Process {
  readonly tier: Tier;
  readonly authority: Authority;
  readonly bus: Bus;
}

/** A Redis tier is an authority and a bus as well. */
export function whole({ tier, authority, bus }: RemoteTier): Process {
  if (authority === undefined || bus === undefined) throw new Error("a Redis tier has both");
  return { tier, authority, bus };
}

/** Runs everything on one stage, under a name. */
export function compatSuite(name: string, start: () => Promise<Stage>): void {
  describe(`the tier with ${name}`, () => {
    forbidUnhandledRejections();
    let stage: Stage;
    const opened: RemoteTier[] = [];
    const open: Open = (root, more) => {
      const remote = stage.open(root, more);
      opened.push(remote);
      return whole(remote);
    };
    beforeAll(async () => void (stage = await start()));
    afterEach(async () => void (await Promise.all(opened.splice(0).map((remote) => remote.close()))));
    afterAll(() => stage.stop());

    contracts(open);
    particulars(open, () => stage.primaries);
  });
}

type Open = (root: string, more?: RedisTierOptions) => Process;

function contracts(open: Open): void {
  const suite = { test, assert };
  authorityContract(suite, () => {
    const [one, two] = [open("shop"), open("shop")];
    return Promise.resolve({ authority: one.authority, other: two.authority, root: "shop", layout: FRAME_LAYOUT });
  });
  tierContract(suite, () => Promise.resolve({ tier: open("shop").tier, root: "shop" }));
  busContract(suite, () => {
    const root = unique("shop");
    return Promise.resolve({ open: () => open(root), root, layout: FRAME_LAYOUT, clock: systemClock });
  });
}

/** What libraries do each in their way: errors of scripts, what becomes of a lost connection, who subscribes. */
function particulars(open: Open, primaries: () => readonly RedisServer[]): void {
  const everywhere = async (fault: (server: RedisServer) => Promise<Undo>): Promise<Undo> => {
    const undos = await Promise.all(primaries().map(fault));
    return async () => void (await Promise.all(undos.map((undo) => undo())));
  };

  test("goes on when Redis has forgotten its scripts", async () => {
    const root = unique("shop");
    const { authority } = open(root);
    const key = freshKey(root);
    const frame = frameOf(FRAME_LAYOUT, randomVersion());
    await authority.acquire(key, "mine", undefined, LEASE_MS);
    await everywhere(FAULTS.flushScripts);
    expect(await authority.fill(key, "mine", frame, LONG, Infinity)).toMatchObject({ kind: "stored" });
    await everywhere(FAULTS.flushScripts);
    expect(await authority.remove(key, Infinity)).toEqual({ existed: true });
  });

  test("doubts when its connections are killed, is live again by itself, and hears of what comes then", async () => {
    const root = unique("shop");
    const [one, two] = await Promise.all([live(open(root)), live(open(root))]);
    await everywhere(FAULTS.killSubscribers);
    await everywhere(FAULTS.killClients);
    const key = freshKey(root);
    // A cluster client looks for lost nodes when there is something to ask them.
    const keys = Array.from({ length: 20 }, () => freshKey(root));
    for (const { authority } of [one, two]) {
      const traffic = () => Promise.all(keys.map(async (some) => authority.read(some, [])));
      await waitUntil(traffic, { what: "its connections for commands are back" });
    }
    await liveAgain(one);
    await liveAgain(two);
    await waitUntil(() => one.authority.remove(key, Infinity), { what: "it is removed" });
    const message = { kind: "key", fullKey: key, version: undefined };
    await waitUntil(() => two.log.some((entry) => typeof entry === "object" && matches(entry, message)), {
      what: "the message has come",
    });
    expect(two.log.slice(0, 2)).toEqual(["live", expect.stringMatching(/^doubt/)]);
  }, 60_000);

  test("hears what programs touch that know nothing of it, and of what expires", async () => {
    const root = unique("shop");
    const { authority, tier, log } = await live(open(root, { tracking: true }));
    const [lasting, brief] = [freshKey(root), freshKey(root)];
    const touches = (fullKey: string): number =>
      log.filter((entry) => typeof entry === "object" && matches(entry, { kind: "touched", fullKey })).length;
    await Promise.all([tier.set(lasting, Buffer.from("x"), 60_000), tier.set(brief, Buffer.from("x"), 300)]);
    await waitUntil(() => touches(lasting) >= 1 && touches(brief) >= 1, { what: "it has heard of the writes" });
    // A server removes what has expired when somebody asks for it, or when it comes by: seconds later among the
    // thousand keys that are here by now, of which it looks at some 200 a second.
    await waitUntil(async () => (await tier.get(brief)) === undefined, { what: "its life is over" });
    await waitUntil(() => touches(brief) >= 2, { what: "it has heard of the end" });
    await authority.read(lasting, []);
    const before = touches(lasting);
    await tier.delete(lasting);
    await waitUntil(() => touches(lasting) > before, { what: "it has heard of the removal" });
    expect(log.filter((entry) => typeof entry === "string")).toEqual(["live"]);
  });

  test("calls the number of its message off when Redis refuses the script, so that nobody doubts", async () => {
    const root = unique("shop");
    const [one, two] = await Promise.all([live(open(root)), live(open(root))]);
    const messages = (): number => two.log.filter((entry) => typeof entry === "object").length;
    // Of a publisher that is new, the first numbers are not missed.
    await one.authority.remove(freshKey(root), Infinity);
    await waitUntil(() => messages() === 1, { what: "the first message has come" });
    const undo = await everywhere(FAULTS.tooFewReplicas);
    await expect(one.authority.remove(freshKey(root), Infinity)).rejects.toMatchObject({ code: "refused" });
    await undo();
    await one.authority.remove(freshKey(root), Infinity);
    await waitUntil(() => messages() === 2, { what: "the message has come" });
    // A gap would have been noticed by then.
    const now = two.bus.trustedUntil;
    await waitUntil(() => two.bus.trustedUntil > now + 400 || !two.bus.isLive, { what: "it has been seen to work" });
    expect(two.log.filter((entry) => typeof entry === "string")).toEqual(["live"]);
  });
}

type Listening = Process & Heard;

async function live(process: Process): Promise<Listening> {
  const heard = await listen(process.bus);
  await waitUntil(() => process.bus.isLive, { deadlineMs: LIVE_MS, what: "the bus is live" });
  return { ...process, ...heard };
}

async function liveAgain({ bus, log }: Listening): Promise<void> {
  const hasDoubted = () => log.some((entry) => typeof entry === "string" && entry.startsWith("doubt"));
  await waitUntil(() => hasDoubted() && bus.isLive, { deadlineMs: LIVE_MS, what: "the bus is live again" });
}

function matches(actual: object, expected: object): boolean {
  return JSON.stringify(actual) === JSON.stringify(expected);
}
