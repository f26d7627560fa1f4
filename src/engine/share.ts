// What goes to the shared tier: frames made of drafts.

import type { SharedEpoch } from "../contracts/authority.ts";
import { encodeFrame } from "../codec/frame-encode.ts";
import type { Envelope } from "../codec/frame-layout.ts";
import type { Payload } from "../codec/payload.ts";
import type { Epoch, Stamped } from "../model/epoch.ts";
import { capSpans, type Spans } from "../model/policy.ts";
import { randomBytes } from "../model/random.ts";
import type { Draft } from "./draft.ts";
import { encodeNow } from "./encode-now.ts";
import type { Target } from "./engine.ts";
import type { SharedTier } from "./shared-tier.ts";

/** The spans of a draft in the shared tier; `undefined` when it may not be kept there. */
export function spansInTier(shared: SharedTier, { settings }: Target, spans: Spans): Spans | undefined {
  const capped = capSpans(spans, Math.min(shared.maxAgeMs, settings.shared?.maxAgeMs ?? Infinity));
  return capped.errorMs > 0 ? capped : undefined;
}

/**
 * A value as bytes, as it is now, because the caller may change the object as soon as he has his promise. As memory holds it, so
 * that both tiers hold the same. @throws CacheError `unserializable`, or rejects with it
 */
export function encodeValue(shared: SharedTier, { admitted }: Draft): Payload | Promise<Payload> {
  return encodeNow(shared.payloads, admitted);
}

/**
 * The frame of a draft, with a version of its own. The authority writes its instants.
 * @param epochs the generations of all that it belongs to
 */
export function makeFrame(
  shared: SharedTier,
  target: Target,
  draft: Draft,
  payload: Payload,
  { namespaceEpoch, tags }: Stamped,
  epochs: Pick<ReadonlyMap<Epoch, SharedEpoch>, "get">,
  root: Epoch,
): { readonly frame: Uint8Array; readonly version: string } {
  const version = newVersion();
  const envelope = {
    version,
    createdAt: 0,
    freshUntil: 0,
    staleUntil: 0,
    errorUntil: 0,
    loadMs: draft.loadMs,
    negative: draft.isNegative,
    rootEpoch: epochs.get(root) as SharedEpoch,
    namespaceEpoch: epochs.get(namespaceEpoch) as SharedEpoch,
    tags: tags === undefined ? NO_TAGS : tagEpochs(tags, epochs),
  };
  const { codecId, bytes, isCompressed, room } = payload;
  // Another frame of the same payload must not write into this one.
  if (room > 0) payload.room = 0;
  const { seal } = shared.payloads;
  const frame = encodeFrame(shared.fullKey(target), envelope, codecId, bytes, isCompressed, seal, room);
  return { frame, version };
}

const NO_TAGS: Envelope["tags"] = [];

function tagEpochs(tags: readonly Epoch[], epochs: Pick<ReadonlyMap<Epoch, SharedEpoch>, "get">): Envelope["tags"] {
  return tags.map((tag) => ({ name: tag.name as string, ...(epochs.get(tag) as SharedEpoch) }));
}

/** Random numbers are made many at a time: asking the system for each costs more than the frame. */
const POOL_BYTES = 4_096;
const VERSION_BYTES = 8;
let pool = Buffer.alloc(0);
let used = 0;

/** 64 random bits as 16 hexadecimal digits, so that two entries made anywhere hardly ever share one. */
function newVersion(): string {
  if (used >= pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += VERSION_BYTES;
  return pool.toString("hex", used - VERSION_BYTES, used);
}
