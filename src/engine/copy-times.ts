// The instants of copies: told by the authority's clock, and by that of the host where the authority cannot be asked.

import type { Envelope } from "../codec/frame-layout.ts";
import type { ReadReply } from "../contracts/authority.ts";
import type { Instant } from "../model/duration.ts";
import type { Entry } from "../model/entry.ts";
import { decodeRecord, type CopyRecord } from "./copy-record.ts";
import type { SharedTier } from "./shared-tier.ts";
import { stateOfFrame } from "./traced-tier.ts";

/** What ends a copy is heard of, or nobody believes it: epochs are the authority's. */
const NO_EPOCH = { hard: "", soft: "" };

/** Of an entry, as a copy has it. Instants are the earliest that they can be, so that freshness ends early rather than late. */
export function envelopeOfCopy(shared: SharedTier, entry: Entry): Envelope {
  const createdAt = shared.time.earliestAt(entry.createdAt);
  const { freshMs, staleMs, errorMs, loadMs, tags } = entry;
  return {
    createdAt,
    freshUntil: createdAt + freshMs,
    staleUntil: createdAt + staleMs,
    errorUntil: createdAt + errorMs,
    version: entry.version as string,
    loadMs,
    negative: false,
    rootEpoch: NO_EPOCH,
    namespaceEpoch: NO_EPOCH,
    tags: (tags ?? []).map(({ name }) => ({ name: name as string, ...NO_EPOCH })),
  };
}

/** When the entry of a copy was made, by the clock of the cache. */
export function createdHere(
  shared: SharedTier,
  { createdAt }: Envelope,
  { offsetMs }: CopyRecord,
  now: Instant,
): Instant {
  if (shared.time.isKnown) return shared.time.toLocal(createdAt);
  return Math.min(now, now - (Date.now() + offsetMs - createdAt));
}

/** The state of what a read has brought, in a word: the bytes alone, or as an authority answers. */
export function stateOfCopy(answer: unknown): string {
  const bytes = answer instanceof Uint8Array ? answer : (answer as ReadReply | undefined)?.frame;
  const record = bytes && decodeRecord(bytes);
  if (record === undefined) return bytes === undefined ? "absent" : "damaged";
  return stateOfFrame(record.frame, Date.now() + record.offsetMs);
}
