// One exchange with the origin: what is asked, and what its answer makes of the stored responses.

import { randomUUID } from "node:crypto";
import { captureBody } from "../capture.ts";
import { headersOf } from "../fetch-head.ts";
import { dropBody, hasNoBody, withBody } from "../fetch-response.ts";
import { parseContentRange } from "../policy/content-range.ts";
import { fieldsOf, single, type ReceivedResponse, type RequestHead } from "../policy/message.ts";
import { mayReuseOnError } from "../policy/reuse.ts";
import { isFailure } from "../policy/status.ts";
import { endToEndFields, storedFields } from "../policy/stored-fields.ts";
import { refusalToStore } from "../policy/storing.ts";
import { effectOfHead, updated } from "../policy/update.ts";
import { selectedBy, validationRequest } from "../policy/validation.ts";
import { selectionOf, varyNames } from "../policy/vary.ts";
import type { FetchSettings } from "./options.ts";
import { joined, partToComplete, requestForRest, withReceived } from "./parts.ts";
import { asVariantStored, choicesFor, withVariant, type Variant, type Variants } from "./variants.ts";

/**
 * What forwards a request to its origin.
 * @param client the request that the exchange was begun for, as `cachedFetch` was given it; one that has long been answered, where a stored
 * response is validated behind
 */
export type Fetch = (request: Request, client: Request) => Promise<Response>;

/** What came of an exchange: an answer, and what is stored from now on; nothing new without `variants`. */
export interface Outcome {
  readonly answer:
    | { readonly kind: "variant"; readonly variant: Variant; readonly forwardStatus: number }
    | { readonly kind: "rescue"; readonly variant: Variant; readonly forwardStatus: number | undefined }
    | { readonly kind: "own"; readonly response: Response; readonly because: string };
  readonly variants: Variants | undefined;
}

/** A request on its way. */
export interface Trip {
  readonly fetch: Fetch;
  readonly request: Request;
  readonly head: RequestHead;
  readonly variants: Variants;
  readonly signal: AbortSignal;
  readonly settings: FetchSettings;
}

interface Answered {
  readonly response: Response;
  readonly received: ReceivedResponse;
}

/**
 * Asks the origin: if what is stored for the request still holds (RFC 9111 §4.3), or for the response itself. When that fails, an old
 * response may do (RFC 5861 §4).
 * @throws what `fetch` throws, where there is none
 */
export async function exchange(trip: Trip): Promise<Outcome> {
  const { head, variants, settings } = trip;
  const candidates = head.method === "HEAD" ? [] : candidatesOf(trip);
  const part = candidates.length === 0 ? partToComplete(head, variants, settings) : undefined;
  try {
    if (part !== undefined) return await completed(trip, part);
    const answered = await send(trip, conditional(head, candidates));
    if (isFailure(answered.received.status)) return rescue(trip, answered) ?? (await received(trip, answered));
    if (answered.received.status === 304 && candidates.length > 0) return await validated(trip, answered, candidates);
    if (head.method === "HEAD") return headAnswered(trip, answered);
    return await received(trip, answered);
  } catch (error) {
    const old = rescueFrom(head, variants, settings);
    if (old === undefined || trip.signal.aborted) throw error;
    return { answer: { kind: "rescue", variant: old, forwardStatus: undefined }, variants: undefined };
  }
}

/** Stored parts are not validated: who asks for another part, or for the whole, asks for that. */
function candidatesOf({ head, variants, settings }: Trip): Variant[] {
  const choices = choicesFor(head, variants, settings.clock.now(), settings.policy);
  return choices.map(({ variant }) => variant).filter(({ status }) => status !== 206);
}

function conditional(head: RequestHead, candidates: readonly Variant[]): RequestHead {
  return candidates.length === 0 ? head : validationRequest(head, candidates.map(asVariantStored));
}

async function send({ fetch, request, signal, settings }: Trip, head: RequestHead): Promise<Answered> {
  const headers = headersOf(endToEndFields(head.fields));
  const requestedAt = settings.clock.now();
  const sent = new Request(request.url, { method: head.method, headers, signal, redirect: "manual" });
  const response = await fetch(sent, request);
  const { status } = response;
  const receivedAt = settings.clock.now();
  return { response, received: { status, fields: fieldsOf(response.headers), requestedAt, receivedAt } };
}

/** The rest of a stored part, and both as one (RFC 9111 §3.4). Where the rest does not come, as the origin's whole response may, the part is no help. */
async function completed(trip: Trip, part: Variant): Promise<Outcome> {
  const { head, variants, settings } = trip;
  const answered = await send(trip, requestForRest(head, part));
  const { status } = answered.received;
  if (isFailure(status)) return rescue(trip, answered) ?? (await received(trip, answered));
  if (status === 416) return received(trip, await sendAgain(trip, answered));
  if (status !== 206) return received(trip, answered);
  const rest = await asVariant(head, answered, settings);
  const whole = rest.kind === "variant" ? joined(part, rest.variant, settings) : undefined;
  if (whole?.status !== 200) {
    return received(
      trip,
      await sendAgain(trip, rest.kind === "own" ? { ...answered, response: rest.response } : undefined),
    );
  }
  const others = variants.filter(({ id }) => id !== part.id);
  const all = withVariant(others, whole, settings.maxVariants);
  return { answer: { kind: "variant", variant: whole, forwardStatus: status }, variants: all };
}

/** For the response itself, in the place of an answer that is of no use. */
function sendAgain(trip: Trip, useless: Answered | undefined): Promise<Answered> {
  dropBody(useless?.response);
  return send(trip, validationRequest(trip.head, []));
}

/** RFC 9111 §4.3.4. A 304 about nothing that is stored is answered by asking again, for the response. */
async function validated(trip: Trip, { received: by }: Answered, candidates: readonly Variant[]): Promise<Outcome> {
  const { head, variants, settings } = trip;
  const stored = candidates.map((variant) => ({ ...asVariantStored(variant), variant }));
  const selected = selectedBy(by, stored);
  const [best] = selected;
  if (best === undefined) return received(trip, await sendAgain(trip, undefined));
  const fresh = selected.map((one) => {
    const now = updated(one, by, settings.policy);
    return { ...one.variant, lines: [...now.fields], requestedAt: now.requestedAt, receivedAt: now.receivedAt };
  });
  const byId = new Map(fresh.map((variant) => [variant.id, variant]));
  const isKept = (variant: Variant): boolean =>
    !byId.has(variant.id) || refusalToStore(head, asVariantStored(variant), settings.policy) === undefined;
  const kept = variants.map((variant) => byId.get(variant.id) ?? variant).filter(isKept);
  const variant = byId.get(best.variant.id) as Variant;
  return { answer: { kind: "variant", variant, forwardStatus: 304 }, variants: kept };
}

/** RFC 9111 §4.3.5. */
function headAnswered({ head, variants, settings }: Trip, { response, received: by }: Answered): Outcome {
  const get = { ...head, method: "GET" };
  const chosen = new Set(choicesFor(get, variants, by.receivedAt, settings.policy).map(({ variant }) => variant.id));
  const changed = variants.flatMap((variant) => {
    const stored = asVariantStored(variant);
    const effect = chosen.has(variant.id) ? effectOfHead(stored, by) : "none";
    if (effect === "none") return [variant];
    if (effect === "invalidate") return [];
    const now = updated(stored, by, settings.policy);
    return [{ ...variant, lines: [...now.fields], requestedAt: now.requestedAt, receivedAt: now.receivedAt }];
  });
  return { answer: { kind: "own", response, because: "method" }, variants: chosen.size > 0 ? changed : undefined };
}

/** A response that may be stored becomes a variant; any other is passed on. */
async function received(trip: Trip, answered: Answered): Promise<Outcome> {
  const { head, variants, settings } = trip;
  const variant = await asVariant(head, answered, settings);
  if (variant.kind === "own") return { answer: variant, variants: undefined };
  const { status } = answered.received;
  const all = withReceived(variants, variant.variant, settings);
  return { answer: { ...variant, forwardStatus: status }, variants: all };
}

/** A variant of a response to a request, if it may be stored and is as long as it says. */
export async function asVariant(
  head: RequestHead,
  { response, received: by }: Answered,
  settings: FetchSettings,
): Promise<{ readonly kind: "variant"; readonly variant: Variant } | (Outcome["answer"] & { readonly kind: "own" })> {
  const refusal = refusalToStore(head, by, settings.policy);
  if (refusal !== undefined) return { kind: "own", response, because: refusal };
  const captured = await captureBody(response.body, settings.maxBodyBytes);
  if (captured.kind === "too-large")
    return { kind: "own", response: withBody(response, captured.body), because: "too-large" };
  const { bytes } = captured;
  if (!isWhole(by, bytes)) return { kind: "own", response: withBody(response, bytes), because: "length" };
  const names = varyNames(by.fields);
  const { requestedAt, receivedAt, status } = by;
  const variant: Variant = {
    id: randomUUID(),
    status,
    statusText: response.statusText,
    lines: [...storedFields(by, settings.policy)],
    body: bytes,
    requestedAt,
    receivedAt,
    selection: names === "*" ? [] : selectionOf(names, head),
  };
  return { kind: "variant", variant };
}

/** The length of what fetch has decoded is another than that of what was sent; it has been checked there. A part is as long as its range. */
function isWhole({ fields, status }: ReceivedResponse, bytes: Uint8Array): boolean {
  if (status === 206) {
    const part = parseContentRange(fields);
    return part !== undefined && part.last - part.first + 1 === bytes.byteLength;
  }
  const length = single(fields, "content-length");
  const isDecoded = fields.all("content-encoding").length > 0;
  return length === undefined || isDecoded || hasNoBody(status) || Number(length) === bytes.byteLength;
}

function rescue({ head, variants, settings }: Trip, { response, received: by }: Answered): Outcome | undefined {
  const variant = rescueFrom(head, variants, settings);
  if (variant === undefined) return undefined;
  dropBody(response);
  return { answer: { kind: "rescue", variant, forwardStatus: by.status }, variants: undefined };
}

function rescueFrom(head: RequestHead, variants: Variants, { clock, policy }: FetchSettings): Variant | undefined {
  return variants.find((variant) => mayReuseOnError(head, asVariantStored(variant), clock.now(), policy));
}
