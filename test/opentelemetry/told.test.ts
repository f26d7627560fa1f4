// What is told only to those who ask: hits and keys.

import { SpanKind } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import type { TieredCacheManager } from "../../src/index.ts";
import { controlled } from "../support/controlled-refresh.ts";
import type { FakeClock } from "../support/fake-clock.ts";
import { idOf, parentOf, type Recorded } from "./kit.ts";
import { tracedCaches } from "./traced-caches.ts";

const { recorded, traced } = tracedCaches();

describe("values given out at once", () => {
  test("make no span, of whatever kind they are", async () => {
    const { cache, clock } = traced({ staleIfError: "1h" });
    await cache.set("k", 1);
    await cache.get("k");
    await cache.get("k", () => 2);
    cache.getSync("k");
    await clock.advance(1_000);
    await cache.get("k");
    expect(recorded.spans()).toEqual([]);
    expect(recorded.open()).toEqual([]);
  });

  test("with hits: true make one each, with their state", async () => {
    const { cache, clock } = traced({ namespace: "n" }, { hits: true });
    await cache.set("k", 1);
    await recorded.request("request", () => cache.get("k"));
    await clock.advance(1_000);
    await cache.get("k");
    const [fresh, stale] = recorded.named("hit shop");
    expect(parentOf(fresh!)).toBe(idOf(recorded.one("request")));
    expect(fresh).toMatchObject({ kind: SpanKind.INTERNAL });
    expect(fresh!.attributes).toEqual({
      "freshtier.cache": "shop",
      "freshtier.namespace": "n",
      "freshtier.tier": "memory",
      "freshtier.outcome": "fresh",
    });
    expect(stale!.attributes).toMatchObject({ "freshtier.outcome": "stale" });
  });
});

describe("keys", () => {
  /** Everything that a span says. */
  const textOf = ({ name, attributes, events, status, links }: ReturnType<Recorded["one"]>): string =>
    JSON.stringify({ name, attributes, events, status, links });

  /** All kinds of spans, about keys and a tag that begin with `secret`. */
  async function live(cache: TieredCacheManager, clock: FakeClock): Promise<void> {
    const { refresh } = controlled();
    const late = cache.get("secret-1", refresh, { hardTimeout: "1s", tags: ["secret-tag"] });
    const joined = cache.get("secret-1", refresh, { hardTimeout: "1s" });
    const settled = Promise.allSettled([late, joined]);
    await clock.advance(1_000);
    await settled;
    await cache.getMany(["secret-2", "secret-3"], () => [Promise.resolve(1), 2] as never).catch(() => undefined);
    const nested = (): unknown => cache.getSync("secret-4", () => cache.getSync("secret-5", nested as never));
    expect(nested).toThrow("own key");
    await cache.get("secret-3");
  }

  test("are told by no span unless asked for: neither in attributes nor in messages", async () => {
    const { cache, clock } = traced({}, { hits: true });
    await live(cache, clock);
    const names = recorded.spans().map(({ name }) => name);
    for (const name of ["refresh shop", "wait shop", "hit shop"]) expect(names).toContain(name);
    for (const span of recorded.spans()) expect(textOf(span)).not.toContain("secret");
    const messages = recorded.spans().map(({ status }) => status.message);
    expect(messages).toContain("refresh of … must take less than 1000 ms");
  });

  test("are told with keys: true", async () => {
    const { cache, clock } = traced({}, { hits: true, keys: true });
    await live(cache, clock);
    for (const span of recorded.spans()) expect(textOf(span)).toContain("secret");
    expect(recorded.named("refresh shop").map(({ attributes }) => attributes["freshtier.keys"])).toContainEqual([
      "secret-2",
      "secret-3",
    ]);
  });
});
