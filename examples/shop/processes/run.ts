// One run of the shop on several processes: one database, one Redis, a front door, and what goes wrong midway.
import { randomBytes } from "node:crypto";
import { BackOffice } from "../back-office.ts";
import type { Product } from "../catalogue.ts";
import { replay } from "../replay.ts";
import { openOwnDatabase } from "../open-database.ts";
import { FrontDoor } from "./front-door.ts";
import { planIncidents, type Tell } from "./incidents.ts";
import { summarise, type OriginSummary } from "./latencies.ts";
import type { OwnRedis } from "./own-redis.ts";
import { SharedPriceWatch, type SharedVerdict } from "./price-watch.ts";
import { instant, type Change, type Touched } from "./protocol.ts";
import { removeKeysOf } from "./redis-access.ts";
import type { Shop } from "./shop.ts";

export interface SharedRunOptions {
  readonly products: readonly Product[];
  readonly requests: readonly number[];
  readonly visitors: number;
  readonly pauseMs: readonly [shortest: number, longest: number];
  readonly seed: number;
  readonly processes: number;
  readonly url: string;
  /** The demo's own Redis: things go wrong with that one only. */
  readonly ownRedis: OwnRedis | undefined;
  readonly sabotage: boolean;
  readonly onProgress: (done: number) => void;
  /** Something happened, so many milliseconds after the first request. */
  readonly onIncident: (atMs: number, mark: string, text: string) => void;
}

export interface SharedRunResult {
  readonly requests: number;
  readonly lost: number;
  readonly pageQueries: number;
  readonly all: OriginSummary;
  readonly origins: readonly OriginSummary[];
  readonly fenced: number;
  readonly spared: number;
  readonly priceChanges: number;
  readonly sales: number;
  readonly replayed: number;
  readonly pending: number;
  readonly undelivered: number;
  /** Names of processes that are out of touch with Redis at the end. */
  readonly notBack: readonly string[];
  readonly verdict: SharedVerdict;
}

export async function runShared(options: SharedRunOptions): Promise<SharedRunResult> {
  const { products, requests, seed, processes, url, ownRedis } = options;
  const cacheName = `freshtier-demo-${randomBytes(4).toString("hex")}`;
  const database = openOwnDatabase(products, seed);
  const watch = new SharedPriceWatch();
  let startedAt = performance.now();
  const tell: Tell = (mark, text) => options.onIncident(performance.now() - startedAt, mark, text);
  let isRedisExpected = false;
  const door = new FrontDoor({
    settings: { cacheName, url, processes },
    load: (id) => database.product(id),
    watch,
    onTouched: (shop, touched) => {
      // Those of the demo's own Redis are told all together.
      if (isRedisExpected && ownRedis === undefined) tellOfTouch(shop, touched, tell);
    },
  });
  const invalidate = async (change: Change, committed: readonly { id: number; version: number }[]): Promise<void> => {
    if (!options.sabotage) return door.invalidate(change, committed);
    const now = instant();
    watch.invalidated(committed, { by: undefined, at: now, doneAt: now });
  };
  const backOffice = new BackOffice({
    database,
    requests,
    seed: seed + 2,
    priceChanged: (id, committed) => invalidate({ what: "product", id }, committed),
    categoryChanged: (name, committed) => invalidate({ what: "category", name }, committed),
  });
  let lost = 0;

  try {
    await door.ready();
    isRedisExpected = true;
    startedAt = performance.now();
    const incidents = ownRedis === undefined ? undefined : planIncidents(door, ownRedis, tell);
    await Promise.all([
      incidents?.over,
      replay({
        requests,
        visitors: options.visitors,
        pauseMs: options.pauseMs,
        seed: seed + 3,
        onRequest: (position) => {
          options.onProgress(position + 1);
          incidents?.onProgress((position + 1) / requests.length);
          backOffice.onRequest(position);
        },
        serve: async (id) => {
          if (!(await door.serve(id))) lost += 1;
        },
      }),
    ]);
    await backOffice.finish();
    await Promise.all([door.delivered(), door.inTouch()]);
    const notBack = door.shops.filter(({ touch }) => touch.isOut).map(({ name }) => name);
    isRedisExpected = false;
    const stats = await door.close();
    const sum = (of: (one: (typeof stats)[number]) => number): number => stats.reduce((all, one) => all + of(one), 0);
    const { all, origins } = summarise(watch.answers());
    return {
      requests: requests.length,
      lost,
      pageQueries: database.pageQueries,
      all,
      origins,
      fenced: sum(({ fenced }) => fenced),
      spared: sum(({ spared }) => spared),
      priceChanges: backOffice.priceChanges,
      sales: backOffice.sales,
      replayed: door.replayed,
      pending: door.pending,
      undelivered: door.undelivered,
      notBack,
      verdict: watch.verdict(),
    };
  } finally {
    database.close();
    if (ownRedis === undefined) await removeKeysOf(url, cacheName).catch(() => undefined);
  }
}

function tellOfTouch({ name }: Shop, touched: Touched, tell: Tell): void {
  if (touched.what === "lost") tell("·", `${name} out of touch with Redis: ${touched.reason}`);
  if (touched.what === "live") tell("·", `${name} in touch again`);
}
