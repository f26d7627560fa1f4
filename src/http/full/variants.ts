// The responses that are stored under one URI, and which of them answers a request.

import type { Instant } from "../../model/duration.ts";
import type { RequestHead } from "../policy/message.ts";
import { decideReuse, type Reuse, type StoredResponse } from "../policy/reuse.ts";
import type { PolicySettings } from "../policy/settings.ts";
import type { Selection } from "../policy/vary.ts";
import { asStored, movedBy, type StoredMessage } from "../stored.ts";
import type { Written } from "../writers-clocks.ts";
import type { FetchSettings } from "./options.ts";

/** One response, in full or a part, with what it was selected by. Plain data, for any tier. */
export interface Variant extends StoredMessage {
  /** What tells it from those that were stored before or after it. */
  readonly id: string;
  readonly selection: Selection;
}

/** The responses under one URI, the latest first, on the clock of this process. */
export type Variants = readonly Variant[];

/** What stands in the cache under one URI: the same on the clock of who has written it. */
export interface StoredVariants extends Written {
  readonly variants: Variants;
}

/** As it is to be stored. */
export function toStore(variants: Variants, { clocks }: FetchSettings): StoredVariants {
  return { ...clocks.written(), variants };
}

/** As it is here and now. */
export async function fromStore(
  key: string,
  stored: StoredVariants | undefined,
  { clocks }: FetchSettings,
): Promise<Variants> {
  if (stored === undefined) return [];
  const shift = await clocks.shiftOf(key, stored);
  return shift === 0 ? stored.variants : stored.variants.map((variant) => movedBy(variant, shift));
}

/** A response for a request, and what it is good for. */
export interface Choice {
  readonly variant: Variant;
  readonly reuse: Exclude<Reuse, { kind: "unusable" }>;
}

/** A variant as the policy reads it. */
export function asVariantStored(variant: Variant): StoredResponse {
  return asStored(variant, variant.selection);
}

/** The variants that are for a request, the latest first (RFC 9111 §4.1). */
export function choicesFor(head: RequestHead, variants: Variants, now: Instant, policy: PolicySettings): Choice[] {
  return variants.flatMap((variant) => {
    const reuse = decideReuse(head, asVariantStored(variant), now, policy);
    return reuse.kind === "unusable" ? [] : [{ variant, reuse }];
  });
}

/** With a variant in the place of the one that was selected by the same; the oldest go. */
export function withVariant(variants: Variants, variant: Variant, most: number): Variants {
  const selected = JSON.stringify(variant.selection);
  const others = variants.filter(
    ({ selection, status }) => JSON.stringify(selection) !== selected || isPart(status) !== isPart(variant.status),
  );
  return [variant, ...others].slice(0, most);
}

/** A part does not take the place of the whole. */
function isPart(status: number): boolean {
  return status === 206;
}
