// What goes wrong midway: a shop process is killed and replaced, later Redis is killed and comes back empty.
import { setTimeout as delay } from "node:timers/promises";
import type { FrontDoor } from "./front-door.ts";
import type { OwnRedis } from "./own-redis.ts";

/** Shares of the requests after which it happens. */
const KILL_SHOP_AT = 0.25;
const KILL_REDIS_AT = 0.55;
const REPLACE_AFTER_MS = 400;
const REDIS_DOWN_MS = 1_000;
/** Which one is killed; the first and the last would do as well. */
const VICTIM = 1;

export interface Incidents {
  /** Called with the share of the requests that have come. */
  onProgress(share: number): void;
  /** Resolves when all has happened, and all is well again. */
  readonly over: Promise<void>;
}

export type Tell = (mark: "✂" | "✔" | "·", text: string) => void;

export function planIncidents(door: FrontDoor, redis: OwnRedis, tell: Tell): Incidents {
  const marks: { readonly share: number; readonly reached: () => void }[] = [];
  const progress = (share: number): Promise<void> =>
    new Promise((reached) => {
      marks.push({ share, reached });
    });
  const toKillShop = progress(KILL_SHOP_AT);
  const toKillRedis = progress(KILL_REDIS_AT);

  return {
    onProgress(share) {
      while (marks[0] !== undefined && share >= marks[0].share) marks.shift()?.reached();
    },
    over: (async () => {
      await toKillShop;
      await killShop(door, tell);
      await toKillRedis;
      await restartRedis(door, redis, tell);
    })(),
  };
}

async function killShop(door: FrontDoor, tell: Tell): Promise<void> {
  const victim = door.shops[VICTIM];
  if (victim === undefined) return;
  const lost = await victim.kill();
  tell("✂", `${victim.name} killed, and ${lost === 1 ? "1 request" : `${lost} requests`} lost with it`);
  await delay(REPLACE_AFTER_MS);
  await door.replace(VICTIM);
  tell("✔", `${victim.name} replaced by a new process, its memory empty`);
}

async function restartRedis(door: FrontDoor, redis: OwnRedis, tell: Tell): Promise<void> {
  const { replayed, pending } = door;
  await redis.kill();
  tell("✂", "Redis killed; each shop goes on with its own memory and the database");
  await delay(REDIS_DOWN_MS);
  await redis.start();
  const startedAt = performance.now();
  tell("·", "Redis started again, empty");
  const missed = door.pending - pending;
  await Promise.all([door.inTouch(), door.delivered()]);
  const out = door.shops.filter(({ touch }) => touch.isOut);
  if (out.length > 0) return tell("✂", `${out.map(({ name }) => name).join(", ")} did not find back to Redis`);
  const tookMs = Math.round(performance.now() - startedAt);
  const again = (door.replayed - replayed).toLocaleString("en");
  tell("✔", `Redis back: all in touch after ${tookMs} ms, ${again} invalidations replayed, ${missed} of them pending`);
}
