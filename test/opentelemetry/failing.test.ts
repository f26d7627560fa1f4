// An OpenTelemetry that throws wherever it can: the cache works as if there were none.

import {
  context,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Context,
  type Span,
  type TracerProvider,
} from "@opentelemetry/api";
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test } from "vitest";
import type { RemoteTierPlan } from "../../src/contracts/remote.ts";
import { TierTrace } from "../../src/engine/traced-tier.ts";
import { openTelemetryTracing, registerMetrics } from "../../src/opentelemetry/index.ts";
import { createCache } from "../support/cache.ts";
import { drainMicrotasks } from "../support/fake-clock.ts";
import { forbidUnhandledRejections } from "../support/unhandled.ts";
import { record } from "./kit.ts";

forbidUnhandledRejections();

afterEach(() => {
  context.disable();
  diag.disable();
});

const boom = (): never => {
  throw new Error("OpenTelemetry is broken");
};

/** Of `T`, whatever is called throws. */
const broken = <T extends object>(): T => new Proxy({} as T, { get: () => boom });

const inSpan = (span: Span): TracerProvider => ({ getTracer: () => ({ startSpan: () => span }) }) as never;

const exporter: SpanExporter = { export: boom, shutdown: () => Promise.resolve() };

const PROVIDERS: readonly (readonly [string, () => TracerProvider])[] = [
  ["a provider that has no tracer", () => ({ getTracer: boom })],
  ["a tracer that makes no span", () => ({ getTracer: () => broken() })],
  ["a tracer that makes nothing", () => ({ getTracer: () => ({ startSpan: () => undefined }) }) as never],
  ["a span that does nothing right", () => inSpan(broken())],
  ["an exporter that throws", () => new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })],
  [
    "an exporter that never answers",
    () =>
      new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor({ ...exporter, export: () => undefined })] }),
  ],
];

const MANAGERS: readonly (readonly [string, () => void])[] = [
  ["that throws", () => install({ active: boom, with: boom })],
  ["that throws before it calls", () => install({ active: () => ROOT_CONTEXT, with: boom })],
  [
    "that throws after it has called",
    () => install({ active: () => ROOT_CONTEXT, with: (_context: Context, call: () => void) => (call(), boom()) }),
  ],
  [
    "that calls twice",
    () => install({ active: () => ROOT_CONTEXT, with: (_context: Context, call: () => void) => (call(), call()) }),
  ],
];

function install(parts: object): void {
  context.setGlobalContextManager({ ...parts, bind: boom, enable: boom, disable: () => undefined } as never);
}

/** A bit of everything that makes spans; answers how often refreshes were called. */
async function live(tracerProvider: TracerProvider): Promise<number> {
  const { cache, clock } = createCache({ tracing: openTelemetryTracing({ tracerProvider, hits: true }) });
  let calls = 0;
  const refresh = async (): Promise<string> => {
    calls++;
    await drainMicrotasks();
    return "v";
  };
  expect(await Promise.all([cache.get("k", refresh), cache.get("k", refresh)])).toEqual(["v", "v"]);
  expect(await cache.get("k")).toBe("v");
  await clock.advance(1_000);
  expect(await cache.get("k", refresh)).toBe("v");
  await drainMicrotasks();
  await drainMicrotasks();
  const error = new Error("the source is down");
  await expect(cache.get("l", () => Promise.reject(error))).rejects.toBe(error);
  expect(cache.getSync("m", () => ++calls)).toBe(3);
  expect(() => cache.getSync("n", boom)).toThrow("is broken");
  expect(await cache.getMany(["o", "p"], (keys) => (calls++, keys))).toEqual(["o", "p"]);
  await cache.close();
  expect(cache.stats().refreshes).toMatchObject({ failed: 2, joined: 1, inFlight: 0 });
  return calls;
}

describe("a cache with", () => {
  test.each(PROVIDERS)("%s does all that it did", async (_what, provider) => {
    expect(await live(provider())).toBe(4);
  });

  test("spans that refuse all that they are told still ends them", async () => {
    let [begun, ended] = [0, 0];
    const span = { isRecording: () => true, spanContext: boom, setAttribute: boom, end: () => void ended++ };
    await live({ getTracer: () => ({ startSpan: () => (begun++, span) }) } as never);
    expect(begun).toBeGreaterThan(5);
    expect(ended).toBe(begun);
  });

  test("a tier that answers what nobody can mean ends its spans all the same", async () => {
    const recorded = record();
    const tracer = openTelemetryTracing({ tracerProvider: recorded.provider }).open("shop");
    const trace = new TierTrace(tracer, { name: "own" } as RemoteTierPlan, "shop", boom);
    for (const operation of ["read", "acquire", "remove", "set"] as const) {
      expect(await trace.ask("own", operation, undefined, async () => null)).toBeNull();
    }
    expect(recorded.spans().map(({ name }) => name)).toEqual(["read own", "acquire own", "remove own", "set own"]);
  });

  test.each(MANAGERS)("a context manager %s calls each refresh once", async (_what, manage) => {
    manage();
    expect(await live(record().provider)).toBe(4);
  });

  test("a failing OpenTelemetry says so in its own diagnostics, and survives a failing logger of those", async () => {
    const heard: string[] = [];
    const ignore = (): void => undefined;
    const silent = { verbose: ignore, debug: ignore, info: ignore, warn: ignore };
    const error = (message: string): void => void heard.push(message);
    diag.setLogger({ ...silent, error }, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
    expect(await live({ getTracer: boom })).toBe(4);
    expect(heard[0]).toContain("the cache goes on without");
    diag.setLogger({ ...silent, error: boom }, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
    expect(await live({ getTracer: boom })).toBe(4);
  });

  test("metrics of a meter that throws, which are then not there", () => {
    const { cache } = createCache();
    registerMetrics(cache, { meterProvider: { getMeter: boom } })();
    registerMetrics(cache, { meterProvider: { getMeter: () => broken() } })();
    expect(cache.stats().requests).toBe(0);
  });
});
