// Spans of questions to a tier outside the process: made where a tracer is configured, and nowhere else.

import { readInstants } from "../codec/frame-layout.ts";
import type { EpochName } from "../contracts/authority.ts";
import type { RemoteTierPlan } from "../contracts/remote.ts";
import type { Tracer, TracedQuestion, TraceSpan } from "../contracts/tracer.ts";
import type { Instant } from "../model/duration.ts";
import { readFullKey } from "../model/key.ts";
import type { Operation } from "./guard.ts";

/** What a question is about, as those know it who ask: a full key or an epoch. */
export type About = string | EpochName | undefined;

/** How the outcome of an answer is told in a word; `undefined` where there is nothing to tell. */
type OutcomeOf = (answer: unknown) => string | undefined;

const kindOf: OutcomeOf = (answer) => (answer as { readonly kind?: string } | null)?.kind;
const isInTime: OutcomeOf = (answer) => (answer === false ? "late" : "done");

/** What the answers of authorities and tiers come to. */
const OUTCOMES: Readonly<Partial<Record<Operation, OutcomeOf>>> = {
  acquire: kindOf,
  fill: kindOf,
  // A tier that only holds bytes answers nothing.
  set: stored,
  discard: (answer) => answer as string,
  remove: removed,
  markStale: isInTime,
  announce: isInTime,
  bump: isInTime,
  renew: (answer) => (answer === false ? "lost" : "done"),
};

/** Makes the spans of one tier. */
export class TierTrace {
  readonly #tracer: Tracer;
  readonly #tier: string;
  readonly #system: string | undefined;
  readonly #root: string;
  readonly #stateOf: (answer: unknown) => string;

  /**
   * @param root what the full keys of the cache start with
   * @param stateOf what a read has brought, in a word
   */
  constructor(tracer: Tracer, { name, system }: RemoteTierPlan, root: string, stateOf: (answer: unknown) => string) {
    this.#tracer = tracer;
    this.#tier = name;
    this.#system = system;
    this.#root = root;
    this.#stateOf = stateOf;
  }

  /** Asks in a span. Returns, throws or rejects as `work` does. */
  ask<T>(server: string, operation: Operation, about: About, work: () => T | Promise<T>): T | Promise<T> {
    const span = this.#tracer.ask(this.#question(server, operation, about));
    if (span === undefined) return work();
    const answering = this.#askWithin(span, work);
    if (!(answering instanceof Promise)) {
      span.end(this.#outcome(operation, answering));
      return answering;
    }
    answering.then(
      (answer) => span.end(this.#outcome(operation, answer)),
      (error: unknown) => span.end("failed", { error }),
    );
    return answering;
  }

  #askWithin<T>(span: TraceSpan, work: () => T): T {
    try {
      return span.within(work);
    } catch (error) {
      span.end("failed", { error });
      throw error;
    }
  }

  #outcome(operation: Operation, answer: unknown): string | undefined {
    try {
      return operation === "read" ? this.#stateOf(answer) : OUTCOMES[operation]?.(answer);
    } catch {
      // A tier of the user's may answer anything. Whoever asked it sees to that.
      return undefined;
    }
  }

  #question(server: string, operation: Operation, about: About): TracedQuestion {
    const named = typeof about === "string" ? readFullKey(this.#root, about) : about;
    return { tier: this.#tier, system: this.#system, server, operation, about: named };
  }
}

function stored(answer: unknown): string | undefined {
  if (!Array.isArray(answer)) return answer === undefined ? "stored" : kindOf(answer);
  // Several as one.
  const outcomes = new Set(answer.map((one) => (one instanceof Error ? "failed" : kindOf(one))));
  return outcomes.size === 1 ? [...outcomes][0] : "mixed";
}

function removed(answer: unknown): string | undefined {
  if (typeof answer === "boolean") return answer ? "removed" : "absent";
  if (answer === undefined) return undefined;
  const { existed } = answer as { readonly existed: boolean | undefined };
  return existed === undefined ? "late" : removed(existed);
}

/**
 * The state of what a frame holds, by its lifetimes alone: whether an invalidation has ended it, or its bytes are
 * damaged, is judged later. @param now by the clock of the frame's instants; `Infinity` where nobody knows it yet
 */
export function stateOfFrame(frame: Uint8Array | undefined, now: Instant): string {
  if (frame === undefined) return "absent";
  if (now === Infinity) return "found";
  const instants = readInstants(frame);
  if (instants === undefined) return "damaged";
  if (now < instants.freshUntil) return "fresh";
  if (now < instants.staleUntil) return "stale";
  return now < instants.errorUntil ? "rescue" : "expired";
}
