// Stored parts of a response: which can be made whole, by what request, and what comes of it (RFC 9111 §3.3, §3.4).

import { combineParts, missingRange } from "../policy/combine.ts";
import { parseContentRange } from "../policy/content-range.ts";
import { formatEntityTag } from "../policy/entity-tag.ts";
import { fieldsOf, type RequestHead } from "../policy/message.ts";
import { requestControl } from "../policy/request-control.ts";
import { decideReuse } from "../policy/reuse.ts";
import { validationRequest } from "../policy/validation.ts";
import { entityTagOf } from "../policy/validators.ts";
import type { FetchSettings } from "./options.ts";
import { asVariantStored, withVariant, type Variant, type Variants } from "./variants.ts";

/** Whether a part is stored that a request would be answered by, if it asked for no more. */
export function isOfPart(head: RequestHead, variants: Variants, settings: FetchSettings): boolean {
  return variants.some((variant) => isTooLittle(head, variant, settings));
}

/**
 * The stored part that a request for the whole can be answered with once the rest has come: it knows the length of the whole, which is one that
 * may be kept, and has a strong entity tag, without which nobody can tell that the rest is of the same bytes (RFC 9110 §15.3.7.3).
 */
export function partToComplete(head: RequestHead, variants: Variants, settings: FetchSettings): Variant | undefined {
  if (head.method !== "GET" || head.fields.all("range").length > 0) return undefined;
  // The rest could not be kept, so it could not be joined.
  if (requestControl(head, settings.policy).noStore) return undefined;
  return variants.find((variant) => {
    const stored = asVariantStored(variant);
    const total = parseContentRange(stored.fields)?.total ?? Infinity;
    if (total > settings.maxBodyBytes || missingRange(stored) === undefined) return false;
    return entityTagOf(stored.fields)?.isWeak === false && isTooLittle(head, variant, settings);
  });
}

/** Asks for the rest of a part, or for the whole if that is another by now (RFC 9110 §13.1.5). */
export function requestForRest(head: RequestHead, part: Variant): RequestHead {
  const stored = asVariantStored(part);
  const tag = entityTagOf(stored.fields);
  const range = missingRange(stored);
  const plain = validationRequest(head, []);
  if (tag === undefined || range === undefined) return plain;
  const fields = fieldsOf(plain.fields).with([
    ["Range", range],
    ["If-Range", formatEntityTag(tag)],
  ]);
  return { ...plain, fields };
}

/** A stored part and a later one as one variant; `undefined` when they do not belong together (RFC 9111 §3.4). */
export function joined(stored: Variant, later: Variant, settings: FetchSettings): Variant | undefined {
  const both = combineParts(
    { response: asVariantStored(stored), bytes: stored.body },
    { response: asVariantStored(later), bytes: later.body },
    settings.policy,
  );
  if (both === undefined || both.bytes.byteLength > settings.maxBodyBytes) return undefined;
  const { status, fields, requestedAt, receivedAt } = both.response;
  const statusText = status === 200 ? "OK" : later.statusText;
  return { ...later, status, statusText, lines: [...fields], body: both.bytes, requestedAt, receivedAt };
}

/** With a response that has come, in the place of the one before it; a part together with the stored part that it touches. */
export function withReceived(variants: Variants, received: Variant, settings: FetchSettings): Variants {
  const selected = JSON.stringify(received.selection);
  for (const stored of received.status === 206 ? variants : []) {
    const isSibling = stored.status === 206 && JSON.stringify(stored.selection) === selected;
    const both = isSibling ? joined(stored, received, settings) : undefined;
    if (both === undefined) continue;
    const others = variants.filter(({ id }) => id !== stored.id);
    return withVariant(others, both, settings.maxVariants);
  }
  return withVariant(variants, received, settings.maxVariants);
}

function isTooLittle(head: RequestHead, variant: Variant, { clock, policy }: FetchSettings): boolean {
  const reuse = decideReuse(head, asVariantStored(variant), clock.now(), policy);
  return reuse.kind === "unusable" && reuse.because === "partial";
}
