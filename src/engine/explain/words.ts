// The words in which a key is explained.

import { CacheError, show } from "../../errors.ts";
import type { Instant, Milliseconds } from "../../model/duration.ts";
import type { EntryState } from "../../model/entry.ts";
import type { FrameDamage } from "../../model/event.ts";
import type { EpochExplanation } from "../../model/explanation.ts";

/** Units from small to large, with how many of the one before make one. */
const UNITS: readonly (readonly [name: string, size: number])[] = [
  ["ms", 1],
  ["s", 1_000],
  ["min", 60],
  ["h", 60],
  ["days", 24],
];

/** A length of time for people: two digits or three, in the unit that suits. */
export function spoken(ms: Milliseconds): string {
  if (ms === Infinity) return "ever";
  let amount = Math.max(0, ms);
  let unit = "ms";
  for (const [name, size] of UNITS) {
    // Two of the next unit at least, but for seconds: 1.2 s says more than 1200 ms.
    if (amount < (name === "s" ? size : 2 * size) && name !== "ms") break;
    amount /= size;
    unit = name;
  }
  return `${amount < 10 && unit !== "ms" ? Math.round(amount * 10) / 10 : Math.round(amount)} ${unit}`;
}

/** An error for people. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return show(error);
  return error instanceof CacheError && error.cause instanceof Error
    ? `${error.message}: ${error.cause.message}`
    : error.message;
}

/** What an epoch is of. */
export function subjectOf({ kind, name }: Pick<EpochExplanation, "kind" | "name">): string {
  if (kind === "root") return "everything";
  return kind === "tag"
    ? `tag ${name}`
    : name === undefined
      ? "the namespace of keys without one"
      : `namespace ${name}`;
}

/** What has become of the epochs of an entry since it was made; what ends it first. */
export function epochReasons(epochs: readonly EpochExplanation[], at: Instant): string[] {
  const reasons = (["hard", "soft", "unknown"] as const).map((change) =>
    epochs.filter((epoch) => epoch.change === change).map((epoch) => epochReason(epoch, at)),
  );
  return reasons.flat();
}

function epochReason(epoch: EpochExplanation, at: Instant): string {
  const { change, present, changedAt } = epoch;
  const subject = subjectOf(epoch);
  if (change === "unknown") return `whether ${subject} was invalidated since is not known`;
  if (present === undefined) return `the epoch of ${subject} is lost, which counts as an invalidation`;
  const ago = changedAt === undefined ? "" : `, ${spoken(at - changedAt)} ago`;
  return change === "hard"
    ? `${subject} was invalidated since it was made${ago}`
    : `${subject} was marked stale since it was made${ago}`;
}

/** Instants of an entry that count for its state. */
interface Times {
  readonly createdAt: Instant;
  readonly freshUntil: Instant;
  readonly staleUntil: Instant;
  readonly errorUntil: Instant;
}

/** What time has made of an entry, whatever was invalidated. */
export function timeReason({ freshUntil, staleUntil, errorUntil }: Times, state: EntryState, at: Instant): string {
  switch (state) {
    case "fresh":
      return `fresh for ${more(freshUntil - at)}`;
    case "stale":
      return at < freshUntil
        ? `stale for ${more(staleUntil - at)}`
        : `past freshUntil for ${spoken(at - freshUntil)}: its ttl is over, or it was marked stale; stale for ${more(staleUntil - at)}`;
    case "rescue":
      return `past staleUntil for ${spoken(at - staleUntil)}; of use for ${more(errorUntil - at)}, if its refresh fails`;
    default:
      return at < errorUntil ? "ended before its time" : `past errorUntil for ${spoken(at - errorUntil)}`;
  }
}

function more(ms: Milliseconds): string {
  return ms === Infinity ? "ever" : `another ${spoken(ms)}`;
}

/** Why bytes are no entry, in words. */
export const DAMAGE: Readonly<Record<FrameDamage, string>> = {
  foreign: "some other program wrote it",
  "unknown-format": "a release that knows more than this one wrote it",
  truncated: "its end is missing",
  checksum: "it is not what was written, or was written for another key",
  instants: "its instants are out of order or range",
  malformed: "its writer was faulty",
  "unknown-codec": "its value was written by a codec that this cache does not have",
  "unknown-extension": "it holds an instance of a class that the codec has not been taught",
  "unknown-compression": "its value was compressed by what this cache, or this Node.js, does not have",
  "too-large": "its value would be larger than maxDecompressedBytes",
  "unknown-key": "its value was encrypted with a key that this cache does not have",
  authentication: "its value was not encrypted with the key that it names, for this entry",
  unencrypted: "its value is not encrypted, and this cache takes only what is",
  payload: "the codec could not read its value",
};
