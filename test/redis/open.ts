// Opens the Redis tier of one process, as a cache does, with a place to note what it says.

import type { Authority } from "../../src/contracts/authority.ts";
import type { Clock } from "../../src/contracts/clock.ts";
import type { Bus, BusMessage, BusReceiver } from "../../src/contracts/bus.ts";
import type { RemoteTier, RemoteTierPlan } from "../../src/contracts/remote.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { systemClock } from "../../src/model/clock.ts";
import { redisTier, type RedisTierOptions } from "../../src/redis/options.ts";

/** Commands of tests may take long: the machine is shared. Tests about timeouts have their own. */
const TIMEOUT_MS = 5_000;

/** One process, as far as Redis is concerned. */
export interface RedisProcess extends RemoteTier {
  readonly authority: Authority;
  readonly bus: Bus;
  /** Why it may have been connected to another server, in order. */
  readonly reconnects: readonly string[];
}

const open: RedisProcess[] = [];

/** Opens the tier; {@link closeAll} closes it. */
export function openProcess(root: string, options: RedisTierOptions, clock: Clock = systemClock): RedisProcess {
  return openFrom(planOf(options), root, undefined, clock);
}

/** A plan, of which several caches may be opened. */
export function planOf(options: RedisTierOptions): RemoteTierPlan {
  return redisTier({ timeout: TIMEOUT_MS, ...options }).prepare("tiers[0]");
}

/** Opens one of several caches of a plan; {@link closeAll} closes it. */
export function openFrom(
  plan: RemoteTierPlan,
  root: string,
  onReconnect?: (reason: string) => void,
  clock: Clock = systemClock,
): RedisProcess {
  const reconnects: string[] = [];
  const remote = plan.open({
    root,
    layout: FRAME_LAYOUT,
    clock,
    onReconnect: (reason) => {
      reconnects.push(reason);
      onReconnect?.(reason);
    },
  });
  const { authority, bus } = remote;
  if (authority === undefined || bus === undefined) throw new Error("a Redis tier has both");
  const process = { ...remote, authority, bus, reconnects };
  open.push(process);
  return process;
}

/** Closes what a test opened. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((process) => process.close()));
}

/** What a bus told its process, in order: `live`, `doubt: <reason>`, or a message. */
export interface Heard {
  readonly log: (string | BusMessage)[];
  readonly own: boolean[];
  /** Whether Redis answered probes. */
  readonly probes: boolean[];
}

/** Takes what a bus says, and does nothing about it. */
export const DEAF: BusReceiver = {
  onMessage: () => undefined,
  onDoubt: () => undefined,
  onLive: () => undefined,
  onProbe: () => undefined,
};

/** Starts a bus and notes what it says. */
export async function listen(bus: Bus): Promise<Heard> {
  const heard: Heard = { log: [], own: [], probes: [] };
  await bus.start({
    onMessage(message, isOwn) {
      heard.log.push(message);
      heard.own.push(isOwn);
    },
    onDoubt: (reason) => void heard.log.push(`doubt: ${reason}`),
    onLive: () => void heard.log.push("live"),
    onProbe: (answered) => void heard.probes.push(answered),
  });
  return heard;
}
