// The spans of one cache: what each is called, whose child it is, what it links to, and what it tells.

import { context, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import type { Attributes, Context, Span, SpanOptions, Tracer as Starter } from "@opentelemetry/api";
import type { TracedKey, TracedQuestion, TracedRefresh, Tracer, TraceSpan } from "../contracts/tracer.ts";
import { ATTRIBUTES } from "./names.ts";
import { safely } from "./safely.ts";
import { linksTo, NO_SPAN, OpenSpan } from "./span.ts";

/** What the cache asks for its own upkeep. Timers ask, too, and have the context of whoever happened to start them. */
const UPKEEP: ReadonlySet<string> = new Set(["now", "identity", "renew"]);

/** Makes the spans of one cache. */
export class OpenTelemetryTracer implements Tracer {
  readonly served: Tracer["served"];
  readonly #starter: Starter | undefined;
  readonly #cache: string;
  readonly #showsKeys: boolean;

  /** @param starter `undefined`: it could not be had */
  constructor(starter: Starter | undefined, cache: string, showsKeys: boolean, hasHits: boolean) {
    this.#starter = starter;
    this.#cache = cache;
    this.#showsKeys = showsKeys;
    this.served = hasHits ? (event) => this.#served(event) : undefined;
  }

  origin(): Context {
    return safely(() => context.active()) ?? ROOT_CONTEXT;
  }

  /** One behind outlives the request that has set it going: it is a trace of its own, with a link to that. */
  refresh({ kind, namespace, keys, isBatch }: TracedRefresh, origin: unknown): TraceSpan {
    const from = origin as Context;
    const attributes = {
      ...this.#about(namespace),
      ...(this.#showsKeys && (isBatch ? { [ATTRIBUTES.keys]: [...keys] } : { [ATTRIBUTES.key]: keys[0] })),
      [ATTRIBUTES.refreshKind]: kind,
      ...(isBatch && { [ATTRIBUTES.batchSize]: keys.length }),
    };
    const options = { kind: SpanKind.INTERNAL, attributes };
    return this.#start(`refresh ${this.#cache}`, options, from, kind === "background") ?? NO_SPAN;
  }

  wait(about: TracedKey, refresh: TraceSpan): TraceSpan {
    const links = safely(() => linksTo(refresh instanceof OpenSpan ? refresh.spanContext : undefined)) ?? [];
    const attributes = this.#aboutKey(about);
    return this.#start(`wait ${this.#cache}`, { kind: SpanKind.INTERNAL, attributes, links }) ?? NO_SPAN;
  }

  ask(question: TracedQuestion): TraceSpan | undefined {
    const { tier, operation } = question;
    if (UPKEEP.has(operation) && safely(() => trace.getActiveSpan()?.isRecording()) !== true) return undefined;
    return this.#start(`${operation} ${tier}`, { kind: SpanKind.CLIENT, attributes: this.#aboutQuestion(question) });
  }

  #served({ type, tier, ...about }: Parameters<NonNullable<Tracer["served"]>>[0]): void {
    const attributes = { ...this.#aboutKey(about), [ATTRIBUTES.tier]: tier };
    const span = this.#start(`hit ${this.#cache}`, { kind: SpanKind.INTERNAL, attributes });
    span?.end(type === "hit" ? "fresh" : type);
  }

  /**
   * Of a span that has ended nothing is a child: what comes later is a trace of its own, with a link to it. Timers and
   * connections would be in the trace of whichever request has made them, for ever.
   */
  #start(name: string, options: SpanOptions, from = this.origin(), isApart = false): OpenSpan | undefined {
    return safely(() => {
      const active = trace.getSpan(from);
      const links = [...(options.links ?? []), ...linksTo(active?.spanContext())];
      const span =
        isApart || hasEnded(active)
          ? this.#starter?.startSpan(name, { ...options, root: true, links }, trace.deleteSpan(from))
          : this.#starter?.startSpan(name, options, from);
      return span && new OpenSpan(span, from, this.#showsKeys);
    });
  }

  #about(namespace: string | undefined): Attributes {
    return {
      [ATTRIBUTES.cache]: this.#cache,
      ...(namespace !== undefined && { [ATTRIBUTES.namespace]: namespace }),
    };
  }

  #aboutKey({ namespace, key }: TracedKey): Attributes {
    return { ...this.#about(namespace), ...(this.#showsKeys && { [ATTRIBUTES.key]: key }) };
  }

  #aboutQuestion({ tier, system, server, operation, about }: TracedQuestion): Attributes {
    return {
      ...(about !== undefined && "key" in about ? this.#aboutKey(about) : this.#aboutEpoch(operation, about)),
      [ATTRIBUTES.tier]: tier,
      [ATTRIBUTES.dbOperation]: operation,
      ...(system !== undefined && { [ATTRIBUTES.dbSystem]: system }),
      ...(server !== tier && addressOf(server)),
    };
  }

  /** Tags are often made of keys. */
  #aboutEpoch(operation: string, about: Exclude<TracedQuestion["about"], TracedKey>): Attributes {
    if (about === undefined || operation !== "bump") return this.#about(undefined);
    const { kind, name } = about;
    return {
      ...this.#about(kind === "namespace" ? name : undefined),
      [ATTRIBUTES.target]: kind === "root" ? "all" : kind,
      ...(kind === "tag" && this.#showsKeys && { [ATTRIBUTES.tag]: name }),
    };
  }
}

/** As far as can be told: the API does not say, spans of the SDK do. */
function hasEnded(span: Span | undefined): boolean {
  return (span as { readonly ended?: unknown } | undefined)?.ended === true;
}

/** Of a server that is called as it is reached. */
function addressOf(server: string): Attributes {
  const [, address, port] = /^(.+):(\d+)$/.exec(server) ?? [];
  return address === undefined ? {} : { [ATTRIBUTES.serverAddress]: address, [ATTRIBUTES.serverPort]: Number(port) };
}
