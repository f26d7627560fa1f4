// A span of OpenTelemetry, as the engine holds it: it ends once, and nothing that goes wrong in it reaches the cache.

import { context, isSpanContextValid, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Context, Link, Span, SpanContext } from "@opentelemetry/api";
import type { TraceFailure, TraceSpan } from "../contracts/tracer.ts";
import { showFailure } from "./failure.ts";
import { ATTRIBUTES } from "./names.ts";
import { safely } from "./safely.ts";

/** Where there is no span, because it could not be made. */
export const NO_SPAN: TraceSpan = Object.freeze({ within: <T>(work: () => T): T => work(), end: () => undefined });

export class OpenSpan implements TraceSpan {
  readonly #span: Span;
  /** What its children are begun in. */
  readonly #context: Context;
  readonly #showsKeys: boolean;
  #hasEnded = false;

  constructor(span: Span, parent: Context, showsKeys: boolean) {
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
    this.#showsKeys = showsKeys;
  }

  get spanContext(): SpanContext {
    return this.#span.spanContext();
  }

  within<T>(work: () => T): T {
    let done: { readonly value: T } | { readonly error: unknown } | undefined;
    const once = (): void => {
      if (done !== undefined) return;
      // A promise rejects by itself: this is about what is thrown at once.
      try {
        done = { value: work() };
      } catch (error) {
        done = { error };
      }
    };
    safely(() => context.with(this.#context, once));
    // A context manager that has failed before it came to that.
    once();
    const end = done as unknown as { readonly value: T } | { readonly error: unknown };
    if ("error" in end) throw end.error;
    return end.value;
  }

  end(outcome: string | undefined, failure?: TraceFailure): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    safely(() => this.#tell(outcome, failure));
    safely(() => this.#span.end());
  }

  #tell(outcome: string | undefined, failure: TraceFailure | undefined): void {
    const span = this.#span;
    if (!span.isRecording()) return;
    if (outcome !== undefined) span.setAttribute(ATTRIBUTES.outcome, outcome);
    if (failure === undefined) return;
    const { attributes, exception, message } = showFailure(failure.error, this.#showsKeys);
    span.setAttributes(attributes);
    span.recordException(exception);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
}

/** A link to a span; none where there is no span. */
export function linksTo(spanContext: SpanContext | undefined): Link[] {
  return spanContext !== undefined && isSpanContextValid(spanContext) ? [{ context: spanContext }] : [];
}
