// What explaining a key goes by, and what each tier is found to have.

import type { Instant } from "../../model/duration.ts";
import { isTooOld, stateOf, type Entry, type EntryState } from "../../model/entry.ts";
import type {
  BreakerExplanation,
  EntryExplanation,
  EpochExplanation,
  TierExplanation,
} from "../../model/explanation.ts";
import type { Engine, Target } from "../engine.ts";
import type { Guard } from "../guard.ts";
import { spoken } from "./words.ts";

/** One question. */
export interface Scene {
  readonly engine: Engine;
  readonly target: Target;
  readonly fullKey: string;
  /** The instant that everything is told for: after all tiers have answered. */
  readonly at: Instant;
}

/** What a tier has of the key. */
export interface Finding {
  readonly told: TierExplanation;
  /** What a read would take from it, if it came to that; its value is of no account. */
  readonly usable: { readonly entry: Entry; readonly state: Exclude<EntryState, "expired"> } | undefined;
  /** Whether a read believes it. */
  readonly isTrusted: boolean;
}

/** A tier that has nothing to be used. */
export function nothing(told: Pick<TierExplanation, "tier" | "role" | "presence"> & Partial<TierExplanation>): Finding {
  const rest = { reasons: [], entry: undefined, damage: undefined, breaker: undefined };
  return { told: { ...rest, ...told }, usable: undefined, isTrusted: false };
}

/** The entry as a call would use it, and why it would not. */
export function usableAt(
  entry: Entry,
  at: Instant,
  maxAgeMs: number,
): { readonly usable: Finding["usable"]; readonly state: EntryState; readonly reasons: readonly string[] } {
  const state = stateOf(entry, at);
  if (state === "expired") return { usable: undefined, state, reasons: [] };
  if (!isTooOld(entry, at, maxAgeMs)) return { usable: { entry, state }, state, reasons: [] };
  const age = spoken(at - entry.createdAt);
  return { usable: undefined, state, reasons: [`${age} old, which is older than the maxAge of ${spoken(maxAgeMs)}`] };
}

/** What an entry says of itself, and what was found out about it. */
export function describeEntry(
  { createdAt, freshUntil, staleUntil, errorUntil, version, loadMs, tags }: Entry,
  facts: Pick<EntryExplanation, "state" | "isTrusted" | "epochs" | "bytes" | "payload"> & Partial<EntryExplanation>,
): EntryExplanation {
  const names = (tags ?? []).map(({ name }) => name as string);
  return { createdAt, freshUntil, staleUntil, errorUntil, version, loadMs, tags: names, ...facts };
}

/** The epochs of an entry as this process counts them. */
export function localEpochs({ asOf, namespaceEpoch, tags }: Entry): EpochExplanation[] {
  return [namespaceEpoch, ...(tags ?? [])].map(({ kind, name, hard, soft }) => ({
    kind,
    name,
    change: hard > asOf ? "hard" : soft > asOf ? "soft" : "none",
    made: { hard: String(asOf), soft: String(asOf) },
    present: { hard: String(hard), soft: String(soft) },
    changedAt: undefined,
  }));
}

/** The breaker of a server, if there is one yet. */
export function breakerOf({ breakers }: Guard, server: string): BreakerExplanation | undefined {
  for (const [name, { state, failures, retryAt }] of breakers.all()) {
    if (name === server) return { server, state, failures, retryAt };
  }
  return undefined;
}

/** Why a server is not asked now; `undefined` when it is. */
export function whyUnasked(breaker: BreakerExplanation | undefined, at: Instant): string | undefined {
  const { retryAt, failures, server } = breaker ?? {};
  if (retryAt === undefined || at >= retryAt) return undefined;
  return `the breaker of ${server} is open after ${failures} failures in a row; it is tried again in ${spoken(retryAt - at)}`;
}
