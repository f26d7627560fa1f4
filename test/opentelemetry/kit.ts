// The real SDK with everything it records at hand, and a count of spans that were begun and not ended.

import { context, trace, type Context, type TracerProvider } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { ReadableSpan, Span, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll } from "vitest";
import { waitUntil } from "../support/wait-until.ts";

/** Counts what is begun and what is ended. */
class Balance implements SpanProcessor {
  readonly open = new Set<string>();

  onStart(span: Span): void {
    this.open.add(`${span.name} ${span.spanContext().spanId}`);
  }

  onEnd(span: ReadableSpan): void {
    this.open.delete(`${span.name} ${span.spanContext().spanId}`);
  }

  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

/** What has been recorded. */
export interface Recorded {
  readonly provider: TracerProvider;
  /** All that have ended, in that order. */
  spans(): readonly ReadableSpan[];
  /** Those of a name. */
  named(name: string): readonly ReadableSpan[];
  /** The only one of a name. */
  one(name: string): ReadableSpan;
  /** Names of those that have not ended. */
  open(): readonly string[];
  /** Forgets all that has been recorded. */
  reset(): void;
  /** Runs a request: a span around `work`. */
  request<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** A provider of its own, which keeps what it records in memory. */
export function record(): Recorded {
  const exporter = new InMemorySpanExporter();
  const balance = new Balance();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter), balance] });
  const tracer = provider.getTracer("test");
  const named = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
  return {
    provider,
    spans: () => exporter.getFinishedSpans(),
    named,
    one(name) {
      const [first, ...more] = named(name);
      const all = exporter.getFinishedSpans().map((span) => span.name);
      if (first === undefined || more.length > 0) throw new Error(`one span ${name} expected, got ${all.join(", ")}`);
      return first;
    },
    open: () => [...balance.open],
    reset() {
      exporter.reset();
      balance.open.clear();
    },
    request: (name, work) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await work();
        } finally {
          span.end();
        }
      }),
  };
}

/** Waits for every span to have been ended, and fails with the names of those that are not. */
export async function allEnded({ open }: Recorded): Promise<void> {
  await waitUntil(() => open().length === 0, { what: "every span has ended" }).catch((error: unknown) => {
    throw new Error(`not ended: ${open().join(", ")}`, { cause: error });
  });
}

/** Contexts follow promises, as in a program with an SDK. */
export function withContexts(): void {
  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  afterAll(() => context.disable());
}

/** The span id of a span's parent; `undefined` for the first of a trace. */
export function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId;
}

export function idOf(span: ReadableSpan): string {
  return span.spanContext().spanId;
}

export function linksOf({ links }: ReadableSpan): string[] {
  return links.map((link) => link.context.spanId);
}

/** The span that is active where this is called. */
export function activeId(of: Context = context.active()): string | undefined {
  return trace.getSpanContext(of)?.spanId;
}
