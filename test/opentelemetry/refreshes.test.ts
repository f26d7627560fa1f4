// Spans of refreshes: whose children they are, what they link to, how they end.

import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { controlled, controlledBatch } from "../support/controlled-refresh.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { activeId, idOf, linksOf, parentOf } from "./kit.ts";
import { closeNow, tracedCaches } from "./traced-caches.ts";

const { recorded, traced } = tracedCaches();

describe("a refresh that a caller waits for", () => {
  test("is a child of the caller's span, and what it makes are its children", async () => {
    const { cache } = traced({ namespace: "users" });
    let inside: string | undefined;
    const value = await recorded.request("request", () =>
      cache.get("k", async () => {
        await drainMicrotasks();
        inside = activeId();
        return "v";
      }),
    );
    expect(value).toBe("v");
    const refresh = recorded.one("refresh shop");
    expect(parentOf(refresh)).toBe(idOf(recorded.one("request")));
    expect(inside).toBe(idOf(refresh));
    expect(refresh).toMatchObject({
      kind: SpanKind.INTERNAL,
      links: [],
      status: { code: SpanStatusCode.UNSET },
      instrumentationScope: { name: "freshtier" },
    });
    expect(refresh.attributes).toEqual({
      "freshtier.cache": "shop",
      "freshtier.namespace": "users",
      "freshtier.refresh.kind": "foreground",
      "freshtier.outcome": "stored",
    });
  });

  test("leaves its caller's context as it was", async () => {
    const { cache } = traced();
    await recorded.request("request", async () => {
      const before = activeId();
      const got = cache.get("k", () => "v");
      expect(activeId()).toBe(before);
      await got;
      expect(activeId()).toBe(before);
    });
  });

  test("without a caller's span begins a trace", async () => {
    const { cache } = traced();
    await cache.get("k", () => "v");
    expect(parentOf(recorded.one("refresh shop"))).toBeUndefined();
  });

  test("that fails has status ERROR, the kind of error, and the exception", async () => {
    const { cache } = traced();
    const error = new RangeError("the source is down");
    await expect(cache.get("k", () => Promise.reject(error))).rejects.toBe(error);
    const refresh = recorded.one("refresh shop");
    expect(refresh.status).toEqual({ code: SpanStatusCode.ERROR, message: "the source is down" });
    expect(refresh.attributes).toMatchObject({ "error.type": "RangeError", "freshtier.outcome": "failed" });
    expect(refresh.events).toMatchObject([
      { name: "exception", attributes: { "exception.message": "the source is down" } },
    ]);
  });

  test.each([
    ["undefined", () => undefined],
    ["skipped", ({ skip }: { skip: (value: string) => string }) => skip("v")],
  ] as const)("says that nothing was stored: %s", async (outcome, refresh) => {
    const { cache } = traced();
    await cache.get("k", refresh as never);
    expect(recorded.one("refresh shop").attributes).toMatchObject({ "freshtier.outcome": outcome });
  });

  test("says that an invalidation has overtaken it", async () => {
    const { cache } = traced();
    await cache.get("k", async () => {
      await cache.delete("k");
      return "v";
    });
    expect(recorded.one("refresh shop").attributes).toMatchObject({ "freshtier.outcome": "invalidated" });
  });

  test("ends when its time is up, although the refresh goes on", async () => {
    const { cache, clock } = traced();
    const { refresh, call } = controlled();
    const got = cache.get("secret", refresh, { hardTimeout: "1s" }).catch((error: unknown) => error);
    expect(recorded.open()).toHaveLength(1);
    await clock.advance(1_000);
    expect(await got).toMatchObject({ code: "timeout" });
    const span = recorded.one("refresh shop");
    expect(span.attributes).toMatchObject({ "error.type": "timeout", "freshtier.outcome": "failed" });
    call(0).resolve("late");
    await drainMicrotasks();
    expect(recorded.spans()).toHaveLength(1);
  });

  test("ends without an error when its caller leaves", async () => {
    const { cache } = traced();
    const { refresh } = controlled();
    const controller = new AbortController();
    const got = cache.get("k", refresh, { signal: controller.signal }).catch(() => "left");
    controller.abort();
    expect(await got).toBe("left");
    const span = recorded.one("refresh shop");
    expect(span.attributes).toMatchObject({ "freshtier.outcome": "aborted" });
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("ends when close() gives up", async () => {
    const { cache, clock } = traced();
    const { refresh } = controlled();
    const got = cache.get("k", refresh).catch((error: unknown) => error);
    const closed = cache.close({ timeout: "2s" });
    await clock.advance(1_999);
    expect(recorded.open()).toHaveLength(1);
    await clock.advance(1);
    await closed;
    expect(recorded.open()).toEqual([]);
    expect(await got).toMatchObject({ code: "closed" });
    expect(recorded.one("refresh shop").attributes).toMatchObject({ "freshtier.outcome": "aborted" });
  });
});

describe("a background refresh", () => {
  test("is a trace of its own, with a link to the request that has set it going", async () => {
    const { cache, clock } = traced();
    await cache.set("k", "old");
    await clock.advance(1_000);
    const { refresh, call, calls } = controlled();
    let inside: string | undefined;
    const noting = (context: Parameters<typeof refresh>[0]): Promise<string> => {
      inside = activeId();
      return refresh(context);
    };
    expect(await recorded.request("request", () => cache.get("k", noting))).toBe("old");
    await drainMicrotasks();
    expect(calls).toHaveLength(1);
    // The request is over, the refresh is not.
    const request = recorded.one("request");
    expect(recorded.open()).toHaveLength(1);
    call(0).resolve("new");
    await drainMicrotasks();
    const span = recorded.one("refresh shop");
    expect(inside).toBe(idOf(span));
    expect(parentOf(span)).toBeUndefined();
    expect(span.spanContext().traceId).not.toBe(request.spanContext().traceId);
    expect(linksOf(span)).toEqual([idOf(request)]);
    expect(span.attributes).toMatchObject({ "freshtier.refresh.kind": "background", "freshtier.outcome": "stored" });
  });

  test("that waits for its turn links to its own request, and not to that of whoever was before it", async () => {
    const { cache, clock } = traced({ refreshConcurrency: 1 });
    await cache.setMany({ a: "old", b: "old" });
    await clock.advance(1_000);
    const { refresh, call } = controlled();
    await recorded.request("first", () => cache.get("a", refresh));
    await recorded.request("second", () => cache.get("b", refresh));
    await drainMicrotasks();
    call(0).resolve("new");
    await drainMicrotasks();
    call(1).resolve("new");
    await drainMicrotasks();
    const links = recorded.named("refresh shop").map(linksOf);
    expect(links).toEqual([[idOf(recorded.one("first"))], [idOf(recorded.one("second"))]]);
    expect(recorded.named("refresh shop").map(parentOf)).toEqual([undefined, undefined]);
  });

  test("without a request links to nothing", async () => {
    const { cache, clock } = traced();
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", () => "new");
    await drainMicrotasks();
    expect(linksOf(recorded.one("refresh shop"))).toEqual([]);
  });

  test("that hangs ends when it is given up", async () => {
    const { cache, clock } = traced({ refreshTimeout: "10s", staleIfError: "1h" });
    await cache.set("k", "old");
    await clock.advance(1_000);
    await cache.get("k", controlled().refresh);
    await clock.advance(10_000);
    expect(recorded.one("refresh shop").attributes).toMatchObject({ "error.type": "timeout" });
  });

  test("that never began makes no span", async () => {
    const { cache, clock } = traced({ refreshConcurrency: 1 });
    await cache.setMany({ a: "old", b: "old" });
    await clock.advance(1_000);
    const { refresh } = controlled();
    await cache.get("a", refresh);
    await cache.get("b", refresh);
    await drainMicrotasks();
    await closeNow(cache, clock);
    expect(recorded.named("refresh shop")).toHaveLength(1);
  });
});

describe("a caller who joins", () => {
  test("has a span for the time he waits, with a link to the refresh of the other", async () => {
    const { cache } = traced();
    const { refresh, call } = controlled();
    const first = recorded.request("first", () => cache.get("k", refresh));
    const second = recorded.request("second", () => cache.get("k", refresh));
    call(0).resolve("v");
    expect(await Promise.all([first, second])).toEqual(["v", "v"]);
    const wait = recorded.one("wait shop");
    expect(parentOf(wait)).toBe(idOf(recorded.one("second")));
    expect(linksOf(wait)).toEqual([idOf(recorded.one("refresh shop"))]);
    expect(parentOf(recorded.one("refresh shop"))).toBe(idOf(recorded.one("first")));
    expect(wait).toMatchObject({ kind: SpanKind.INTERNAL, attributes: { "freshtier.outcome": "landed" } });
  });

  test("leaves with a span that has ended, while the refresh goes on", async () => {
    const { cache, clock } = traced();
    const { refresh, call } = controlled();
    const first = cache.get("k", refresh);
    const controller = new AbortController();
    const left = cache.get("k", refresh, { signal: controller.signal }).catch(() => "left");
    const late = cache.get("k", refresh, { hardTimeout: "1s" }).catch(() => "late");
    controller.abort();
    expect(await left).toBe("left");
    await clock.advance(1_000);
    expect(await late).toBe("late");
    const waits = recorded.named("wait shop");
    expect(waits.map(({ attributes }) => attributes["freshtier.outcome"])).toEqual(["aborted", "failed"]);
    expect(waits.map(({ status }) => status.code)).toEqual([SpanStatusCode.UNSET, SpanStatusCode.ERROR]);
    expect(recorded.open()).toHaveLength(1);
    call(0).resolve("v");
    await first;
  });

  test("needs what was queued behind, and starts it: the link tells him which it was", async () => {
    const { cache, clock } = traced({ refreshConcurrency: 1 });
    await cache.setMany({ a: "old", b: "old" });
    await clock.advance(1_000);
    const { refresh, call } = controlled();
    await cache.get("a", refresh);
    await recorded.request("trigger", () => cache.get("b", refresh));
    await clock.advance(500);
    const got = recorded.request("needy", () => cache.get("b", refresh));
    await drainMicrotasks();
    call(1).resolve("new");
    expect(await got).toBe("new");
    const [span] = recorded.named("refresh shop");
    expect(linksOf(span!)).toEqual([idOf(recorded.one("trigger"))]);
    expect(linksOf(recorded.one("wait shop"))).toEqual([idOf(span!)]);
    expect(parentOf(recorded.one("wait shop"))).toBe(idOf(recorded.one("needy")));
  });
});

describe("a batch", () => {
  test("is one span, with the number of its keys", async () => {
    const { cache } = traced();
    await cache.set("a", 0);
    let inside: string | undefined;
    await recorded.request("request", () =>
      cache.getMany(["a", "b", "c"], (keys) => {
        inside = activeId();
        return keys;
      }),
    );
    const span = recorded.one("refresh shop");
    expect(inside).toBe(idOf(span));
    expect(parentOf(span)).toBe(idOf(recorded.one("request")));
    expect(span.attributes).toEqual({
      "freshtier.cache": "shop",
      "freshtier.refresh.kind": "foreground",
      "freshtier.batch.size": 2,
      "freshtier.outcome": "stored",
    });
  });

  test("ends with the last of its keys, and says that they fared differently", async () => {
    const { cache } = traced();
    const { refresh, call } = controlledBatch();
    const got = cache.getMany(["a", "b"], refresh);
    const joined = cache.get("a", () => "never called");
    call(0).resolve(["v", undefined]);
    await Promise.all([got, joined]);
    expect(recorded.one("refresh shop").attributes).toMatchObject({ "freshtier.outcome": "mixed" });
    expect(linksOf(recorded.one("wait shop"))).toEqual([idOf(recorded.one("refresh shop"))]);
  });

  test("that fails ends once, with its error", async () => {
    const { cache } = traced();
    await expect(cache.getMany(["a", "b"], () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(recorded.one("refresh shop").status).toMatchObject({ code: SpanStatusCode.ERROR });
  });

  test("behind is a trace of its own", async () => {
    const { cache, clock } = traced();
    await cache.setMany({ a: 1, b: 2 });
    await clock.advance(1_000);
    await recorded.request("request", () => cache.getMany(["a", "b"], (keys) => keys));
    await drainMicrotasks();
    const span = recorded.one("refresh shop");
    expect(parentOf(span)).toBeUndefined();
    expect(linksOf(span)).toEqual([idOf(recorded.one("request"))]);
    expect(span.attributes).toMatchObject({ "freshtier.batch.size": 2, "freshtier.refresh.kind": "background" });
  });
});

describe("a synchronous refresh", () => {
  test("is a child of its caller's span, and a parent", async () => {
    const { cache } = traced();
    let inside: string | undefined;
    await recorded.request("request", async () => cache.getSync("k", () => ((inside = activeId()), 1)));
    const span = recorded.one("refresh shop");
    expect(inside).toBe(idOf(span));
    expect(parentOf(span)).toBe(idOf(recorded.one("request")));
    expect(span.attributes).toMatchObject({ "freshtier.refresh.kind": "sync", "freshtier.outcome": "stored" });
  });

  test("that throws has status ERROR, and one that asks for its own key leaves nothing open", () => {
    const { cache } = traced();
    expect(() => cache.getSync("k", () => cache.getSync("k", () => 1))).toThrow("own key");
    const span = recorded.one("refresh shop");
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({ "error.type": "cycle" });
  });
});
