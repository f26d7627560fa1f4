// One run of a handler for the cache: its response is made a value to store, or is its caller's alone.

import { createHash, randomUUID } from "node:crypto";
import type { RefreshContext } from "../model/refresh.ts";
import { captureBody } from "./capture.ts";
import { hasNoBody, isBeyondHttp, withBody } from "./fetch-response.ts";
import type { Incoming } from "./incoming.ts";
import type { HandlerSettings, RouteSettings } from "./options.ts";
import { initialAgeMs } from "./policy/age.ts";
import { freshnessLifetime } from "./policy/freshness.ts";
import { fieldsOf, single, type FieldList, type ReceivedResponse, type RequestHead } from "./policy/message.ts";
import { responseControl } from "./policy/response-control.ts";
import { staleWindows } from "./policy/stale.ts";
import { isFailure } from "./policy/status.ts";
import { storedFields } from "./policy/stored-fields.ts";
import { refusalToStore } from "./policy/storing.ts";
import { keyedHead, type Place } from "./request-key.ts";
import type { PassNote, StoredValue } from "./stored.ts";
import { isSurrogateField, surrogateKeys } from "./surrogate-keys.ts";

/** Longer tags are refused by the cache, and a response without one of its tags could not be purged. */
const LONGEST_TAG = 512;

/** A request, and where its answer belongs. */
export interface Asked<R> {
  readonly incoming: Incoming<R>;
  readonly place: Place;
}

/** What came of a run: a value for everybody, and the response itself where it is for its caller alone. */
export interface Filled {
  readonly value: StoredValue;
  readonly own: Response | undefined;
  /** Whether it took the place of a response. */
  readonly hadStale: boolean;
}

/** The handler answered with a failure that is not to be stored: an old response is better, if there is one. */
export class HandlerFailure extends Error {
  readonly response: Response;

  constructor(response: Response) {
    super(`the handler answered with ${response.status}`);
    this.response = response;
  }
}

/** A run under way. */
interface Run {
  readonly asked: Asked<unknown>;
  readonly context: RefreshContext<StoredValue>;
  readonly settings: HandlerSettings<never>;
}

/**
 * Runs the handler for all who ask for the same key, and says how long its response lives.
 * @throws HandlerFailure; what the handler throws; what the body breaks off with
 */
export async function fill<R>(
  asked: Asked<R>,
  context: RefreshContext<StoredValue>,
  settings: HandlerSettings<R>,
): Promise<Filled> {
  const run: Run = { asked, context, settings };
  const startedAt = settings.clock.now();
  const { incoming } = asked;
  const response = await incoming.run(keyedHead(incoming.head, context.signal, settings));
  const { status, headers } = response;
  const receivedAt = settings.clock.now();
  // There is no way between the handler and the cache that would count as age, unless its response has come one.
  const requestedAt = headers.has("age") ? startedAt : receivedAt;
  const received = { status, fields: fieldsOf(headers), requestedAt, receivedAt };
  const refusal = incoming.refusal?.(response) ?? refusalToKeep(received, run);
  if (isFailure(status) && (refusal !== undefined || hadStale(run))) throw new HandlerFailure(response);
  return refusal === undefined ? capture(response, received, run) : pass(refusal, response, run);
}

function refusalToKeep(response: ReceivedResponse, { asked, settings }: Run): string | undefined {
  const head: RequestHead = { ...asked.incoming.head, method: "GET" };
  return (
    refusalToStore(head, response, asked.place.policy) ??
    refusalOfUsers(response, asked, settings) ??
    refusalOfRoutes(response, asked, settings)
  );
}

function hadStale({ context }: Run): boolean {
  return context.stale?.kind === "response";
}

/** As RFC 9111 §3.5 has it of `Authorization`, whatever the guard has found the user by. */
function refusalOfUsers(
  response: ReceivedResponse,
  { incoming, place }: Asked<unknown>,
  { isBlindToUsers }: RouteSettings,
): string | undefined {
  const isAllowed = !incoming.isOfUser || !isBlindToUsers || responseControl(response, place.policy).isPublic;
  return isAllowed ? undefined : "user";
}

/** What keeps a response of a route out besides the RFC: nobody could validate it, or it never ends. */
function refusalOfRoutes(
  response: ReceivedResponse,
  { place }: Asked<unknown>,
  { maxBodyBytes }: RouteSettings,
): string | undefined {
  if (isBeyondHttp(response.status)) return "status";
  const control = responseControl(response, place.policy);
  if (control.noCache === true) return "no-cache";
  const { whileRevalidateMs, ifErrorMs } = staleWindows(control, place.policy);
  if (remainingMs(response, place) + Math.max(whileRevalidateMs, ifErrorMs) <= 0) return "no-lifetime";
  if (single(response.fields, "content-type")?.toLowerCase().startsWith("text/event-stream") === true) return "stream";
  if (surrogateKeys(response.fields).some((key) => Buffer.byteLength(key) > LONGEST_TAG)) return "tags";
  return Number(single(response.fields, "content-length") ?? 0) > maxBodyBytes ? "too-large" : undefined;
}

function remainingMs(response: ReceivedResponse, { policy }: Place): number {
  return freshnessLifetime(response, policy).ms - initialAgeMs(response);
}

function pass(because: string, own: Response, run: Run): Filled {
  const { context, settings } = run;
  const note: PassNote = { kind: "pass", because, runId: randomUUID() };
  context.setOptions({ ttl: settings.hitForMissMs, staleWhileRevalidate: 0, staleIfError: 0, jitter: 0 });
  return { value: settings.hitForMissMs === 0 ? context.skip(note) : note, own, hadStale: hadStale(run) };
}

async function capture(response: Response, received: ReceivedResponse, run: Run): Promise<Filled> {
  const { status, statusText } = response;
  const captured = await captureBody(response.body, run.settings.maxBodyBytes);
  if (captured.kind === "too-large") return pass("too-large", withBody(response, captured.body), run);
  const { bytes } = captured;
  if (!isWhole(received, bytes)) return pass("length", withBody(response, bytes), run);
  live(received, run);
  const { requestedAt, receivedAt } = received;
  const lines = [...keptFields(received, bytes, run.asked.place)];
  const about = { ...run.settings.clocks.written(), runId: randomUUID(), status, statusText, requestedAt, receivedAt };
  return { value: { kind: "response", ...about, lines, body: bytes }, own: undefined, hadStale: hadStale(run) };
}

/** A response has the length that it says. One that was decoded on its way does not, and may not be what it says it is. */
function isWhole({ fields, status }: ReceivedResponse, bytes: Uint8Array): boolean {
  const length = single(fields, "content-length");
  return length === undefined || hasNoBody(status) || Number(length) === bytes.byteLength;
}

/** Lifetimes and tags, as the response says. A response that came with an age lives that much shorter. */
function live(response: ReceivedResponse, { asked: { place }, context }: Run): void {
  const remaining = remainingMs(response, place);
  const windows = staleWindows(responseControl(response, place.policy), place.policy);
  const spentMs = Math.max(0, -remaining);
  context.setOptions({
    ttl: Math.max(0, remaining),
    staleWhileRevalidate: Math.max(0, windows.whileRevalidateMs - spentMs),
    staleIfError: Math.max(0, windows.ifErrorMs - spentMs),
    jitter: 0,
  });
  const keys = surrogateKeys(response.fields);
  if (keys.length > 0) context.setTags(keys);
}

function keptFields(response: ReceivedResponse, bytes: Uint8Array, { policy }: Place): FieldList {
  const fields = storedFields(response, policy).without((name) => isSurrogateField(name) || name === "content-length");
  const length = hasNoBody(response.status) ? fields : fields.with([["Content-Length", String(bytes.byteLength)]]);
  if (response.status !== 200 || length.all("etag").length > 0) return length;
  return length.with([["ETag", entityTagOfBytes(bytes)]]);
}

/** A strong entity tag: equal bytes have equal ones, on all processes and after a restart. */
function entityTagOfBytes(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 27)}"`;
}
