// An authority and a bus in the memory of one process: the smallest that keep their promises.

import type { Authority, EpochName } from "../../src/contracts/authority.ts";
import type { Bus, BusMessage, BusReceiver } from "../../src/contracts/bus.ts";
import type { FrameLayout } from "../../src/contracts/frame.ts";
import type { Spans } from "../../src/model/policy.ts";
import { SAMPLE_LAYOUT, systemClock } from "../../src/test-suite/index.ts";

const PROBE_MS = 20;
const TRUST_MS = 100;
/** The clock of an authority need not be that of its processes. */
const AHEAD_MS = 12_345;

interface Lasting<T> {
  readonly what: T;
  readonly endsAt: number;
}

/** What a cache passes has more members than these, and they change. */
function epochKey(name: EpochName): string {
  return JSON.stringify([name.kind, "name" in name ? name.name : undefined]);
}

/** What all processes share. */
export class World {
  readonly frames = new Map<string, Lasting<Uint8Array>>();
  readonly leases = new Map<string, Lasting<string>>();
  readonly epochs = new Map<string, { hard: string; soft: string; since: number }>();
  readonly listeners = new Map<object, (message: BusMessage, isOwn: boolean) => void>();
  #count = 0;

  now(): number {
    return systemClock.now() + AHEAD_MS;
  }

  frame(key: string): Uint8Array | undefined {
    const held = this.frames.get(key);
    return held !== undefined && held.endsAt > this.now() ? held.what : undefined;
  }

  holder(key: string): Lasting<string> | undefined {
    const lease = this.leases.get(key);
    return lease !== undefined && lease.endsAt > this.now() ? lease : undefined;
  }

  knownEpoch(name: EpochName) {
    return this.epochs.get(epochKey(name));
  }

  epoch(name: EpochName) {
    const key = epochKey(name);
    const epoch = this.epochs.get(key) ?? { hard: this.fresh(), soft: this.fresh(), since: this.now() };
    this.epochs.set(key, epoch);
    return epoch;
  }

  fresh(): string {
    return String(++this.#count);
  }

  publish(message: BusMessage, publisher: object): void {
    for (const [listener, tell] of [...this.listeners]) tell(message, listener === publisher);
  }
}

/** The authority of one process. @param process whose messages it publishes @param layout of the frames it is given */
export function memoryAuthority(world: World, process: object, layout: FrameLayout = SAMPLE_LAYOUT): Authority {
  const versionOf = (frame: Uint8Array | undefined): string | undefined =>
    frame && Buffer.from(frame).toString("hex", layout.versionOffset, layout.versionOffset + 8);
  const publish = (message: BusMessage): void => world.publish(message, process);
  const drop = (fullKey: string): void => {
    world.frames.delete(fullKey);
    world.leases.delete(fullKey);
    publish({ kind: "key", fullKey, version: undefined });
  };
  const store = (fullKey: string, given: Uint8Array, { freshMs, staleMs, errorMs }: Spans) => {
    const createdAt = world.now();
    const frame = Uint8Array.from(given);
    const view = new DataView(frame.buffer, layout.instantsOffset);
    for (const [index, span] of [0, freshMs, staleMs, errorMs].entries()) view.setFloat64(index * 8, createdAt + span);
    world.frames.set(fullKey, { what: frame, endsAt: createdAt + errorMs });
    world.leases.delete(fullKey);
    return { kind: "stored", createdAt } as const;
  };
  const isMine = (key: string, token: string): boolean => world.holder(key)?.what === token;
  const isLate = (deadline: number): boolean => world.now() > deadline;

  return {
    now: async () => world.now(),
    identity: async () => "the memory of this process",
    read: async (key, unknown) => ({
      frame: world.frame(key)?.slice(),
      epochs: unknown.map((name) => {
        const { hard, soft } = world.epoch(name);
        return { hard, soft };
      }),
    }),
    epochs: async (names) => names.map((name) => ({ ...world.epoch(name) })),
    async acquire(key, token, known, leaseMs) {
      const frame = world.frame(key);
      if (versionOf(frame) !== known) return { kind: "changed", frame: frame?.slice() };
      const lease = world.holder(key);
      if (lease !== undefined && lease.what !== token) return { kind: "held", remainingMs: lease.endsAt - world.now() };
      world.leases.set(key, { what: token, endsAt: world.now() + leaseMs });
      return { kind: "granted" };
    },
    async renew(key, token, leaseMs) {
      if (!isMine(key, token)) return false;
      world.leases.set(key, { what: token, endsAt: world.now() + leaseMs });
      return true;
    },
    async release(key, token) {
      if (isMine(key, token)) world.leases.delete(key);
    },
    async *leases(prefix) {
      for (const key of [...world.leases.keys()]) if (key.startsWith(prefix) && world.holder(key)) yield key;
    },
    async fill(fullKey, token, frame, spans, deadline) {
      if (isLate(deadline)) return { kind: "late" };
      if (!isMine(fullKey, token)) return { kind: "fenced" };
      const stored = store(fullKey, frame, spans);
      publish({ kind: "filled", fullKey, version: versionOf(frame) ?? "" });
      return stored;
    },
    async discard(fullKey, token, deadline) {
      if (isLate(deadline)) return "late";
      if (!isMine(fullKey, token)) return "fenced";
      drop(fullKey);
      return "done";
    },
    async set(fullKey, frame, spans, deadline) {
      if (isLate(deadline)) return { kind: "late" };
      const stored = store(fullKey, frame, spans);
      publish({ kind: "key", fullKey, version: versionOf(frame) });
      return stored;
    },
    async remove(fullKey, deadline) {
      if (isLate(deadline)) return { existed: undefined };
      const existed = world.frame(fullKey) !== undefined;
      drop(fullKey);
      return { existed };
    },
    async markStale(fullKey, deadline) {
      if (isLate(deadline)) return false;
      const frame = world.frame(fullKey);
      if (frame !== undefined) {
        const view = new DataView(frame.buffer, layout.instantsOffset);
        view.setFloat64(8, Math.min(view.getFloat64(8), world.now()));
      }
      world.leases.delete(fullKey);
      publish({ kind: "key", fullKey, version: undefined });
      return true;
    },
    async announce(namespace, pattern, deadline) {
      if (isLate(deadline)) return false;
      publish({ kind: "matching", namespace, pattern });
      return true;
    },
    async bump(name, soft, deadline) {
      if (isLate(deadline)) return false;
      Object.assign(world.epoch(name), { [soft ? "soft" : "hard"]: world.fresh(), since: world.now() });
      publish({ kind: "epoch", name, soft });
      return true;
    },
    async inspect(key) {
      const [now, lease] = [world.now(), world.holder(key)];
      const held = lease && { token: lease.what, remainingMs: lease.endsAt - now };
      return { now, frame: world.frame(key)?.slice(), lease: held };
    },
    inspectEpochs: async (names) => names.map((name) => world.knownEpoch(name)),
  };
}

/** The bus of one process, which it is known by. */
export function memoryBus(world: World, process: object): Bus {
  let told: BusReceiver | undefined;
  let trustedUntil = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  const tell = (what: (receiver: BusReceiver) => void): void => {
    try {
      if (told !== undefined) what(told);
    } catch {
      // It must not throw, and does nobody else any harm.
    }
  };
  const probe = (): void => {
    trustedUntil = systemClock.now() + TRUST_MS;
    tell((receiver) => receiver.onProbe(true));
  };
  return {
    get isLive() {
      return told !== undefined;
    },
    get trustedUntil() {
      return told === undefined ? -Infinity : trustedUntil;
    },
    async start(receiver) {
      told = receiver;
      world.listeners.set(process, (message, isOwn) => tell((one) => one.onMessage(message, isOwn)));
      timer = setInterval(probe, PROBE_MS);
      probe();
      tell((one) => one.onLive());
    },
    async close() {
      clearInterval(timer);
      world.listeners.delete(process);
      told = undefined;
    },
  };
}
