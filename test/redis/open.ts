// Opens the Redis tier of one process, as a cache does, with a place to note what its bus says.

import type { Authority } from "../../src/contracts/authority.ts";
import type { Bus, BusMessage } from "../../src/contracts/bus.ts";
import type { Tier } from "../../src/contracts/tier.ts";
import { FRAME_LAYOUT } from "../../src/codec/frame-layout.ts";
import { systemClock } from "../../src/model/clock.ts";
import { redisTier, type RedisTierOptions } from "../../src/redis/options.ts";

/** Commands of tests may take long: the machine is shared. Tests about timeouts have their own. */
const TIMEOUT_MS = 5_000;

/** One process, as far as Redis is concerned. */
export interface RedisProcess {
  readonly tier: Tier;
  readonly authority: Authority;
  readonly bus: Bus;
  close(): Promise<void>;
}

const open: RedisProcess[] = [];

/** Opens the tier; {@link closeAll} closes it. */
export function openProcess(root: string, options: RedisTierOptions): RedisProcess {
  const plan = redisTier({ timeout: TIMEOUT_MS, ...options }).prepare("tiers[0]");
  const { tier, authority, bus, close } = plan.open({ root, layout: FRAME_LAYOUT, clock: systemClock });
  if (authority === undefined || bus === undefined) throw new Error("a Redis tier has both");
  const process = { tier, authority, bus, close };
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
}

/** Starts a bus and notes what it says. */
export async function listen(bus: Bus): Promise<Heard> {
  const heard: Heard = { log: [], own: [] };
  await bus.start({
    onMessage(message, isOwn) {
      heard.log.push(message);
      heard.own.push(isOwn);
    },
    onDoubt: (reason) => void heard.log.push(`doubt: ${reason}`),
    onLive: () => void heard.log.push("live"),
  });
  return heard;
}
