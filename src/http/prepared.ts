// What all answers from one stored response have in common, worked out once: the fields it is given with, and its lifetime.

import type { Instant, Milliseconds } from "../model/duration.ts";
import type { RouteSettings } from "./options.ts";
import { initialAgeMs } from "./policy/age.ts";
import { formatCacheStatus, type CacheStatus } from "./policy/cache-status.ts";
import { freshnessLifetime } from "./policy/freshness.ts";
import { combined, FieldList } from "./policy/message.ts";
import type { StoredResponse } from "./policy/reuse.ts";
import { reusedFields } from "./policy/stored-fields.ts";
import { varyNames } from "./policy/vary.ts";
import type { Place } from "./request-key.ts";
import { asStored, type StoredRoute } from "./stored.ts";

/** What is said about the way of a response in `Cache-Status`, besides the cache's name and the time that is left. */
export type Way = Omit<CacheStatus, "cache" | "ttl">;

/** Answered by what is stored, with nothing else to say. */
export const HIT: Way = Object.freeze({ hit: true });

/** A stored response, ready to be given. */
export interface Prepared {
  readonly response: StoredResponse;
  /** For others than the request it was made for: without what `no-cache="…"` names. Neither has `Age` or `Cache-Status`. */
  readonly reused: FieldList;
  readonly own: FieldList;
  /** What caches nearer to the origin have said. */
  readonly earlierStatus: string | undefined;
  readonly initialAgeMs: Milliseconds;
  readonly lifetimeMs: Milliseconds;
  /** The fields of the hits of this second: all that they say anew is counted in seconds. */
  hits: { readonly age: number; readonly ttl: number; readonly fields: FieldList } | undefined;
}

/** Memory gives the same object each time: a stored response is never changed, and stands under one key. */
export function prepare(stored: StoredRoute, place: Place, settings: RouteSettings): Prepared {
  const found = settings.prepared.get(stored);
  if (found !== undefined) return found;
  const response = asStored(stored, []);
  const { fields } = response;
  const prepared: Prepared = {
    response,
    own: forClients(new FieldList([...fields]), place, settings),
    reused: forClients(reusedFields(response, response.receivedAt, place.policy), place, settings),
    earlierStatus: combined(fields, "cache-status"),
    initialAgeMs: initialAgeMs(response),
    lifetimeMs: freshnessLifetime(response, place.policy).ms,
    hits: undefined,
  };
  settings.prepared.set(stored, prepared);
  return prepared;
}

/** The fields of an answer at an instant, with its age, unless it was made for this very request (RFC 9111 §5.1). */
export function fieldsNow(prepared: Prepared, way: Way, now: Instant, { cacheName }: RouteSettings): FieldList {
  const ageMs = prepared.initialAgeMs + Math.max(0, now - prepared.response.receivedAt);
  const age = Math.floor(ageMs / 1_000);
  const ttl = Math.trunc((prepared.lifetimeMs - ageMs) / 1_000);
  const { hits } = prepared;
  if (way === HIT && hits?.age === age && hits.ttl === ttl) return hits.fields;
  const status = formatCacheStatus({ cache: cacheName, ...way, ttl });
  const said = prepared.earlierStatus === undefined ? status : `${prepared.earlierStatus}, ${status}`;
  if (way.isStored === true) return new FieldList([...prepared.own, ["Cache-Status", said]]);
  const fields = new FieldList([...prepared.reused, ["Age", String(age)], ["Cache-Status", said]]);
  if (way === HIT) prepared.hits = { age, ttl, fields };
  return fields;
}

/** With the policy for browsers in the place of that for this cache, and without what each answer says anew. */
function forClients(fields: FieldList, { policy, isPartition }: Place, settings: RouteSettings): FieldList {
  const browser = settings.browser ?? (isPartition ? "private, no-cache" : "no-cache");
  const isLeftOut = (name: string): boolean =>
    name === "age" ||
    name === "cache-status" ||
    policy.targets.includes(name) ||
    (browser !== "as-is" && name === "expires");
  const given = withVary(fields.without(isLeftOut), settings);
  return browser === "as-is" ? given : given.with([["Cache-Control", browser]]);
}

/** Caches in front have to know what the answers depend on, also where the handler does not say so. */
function withVary(fields: FieldList, { vary }: RouteSettings): FieldList {
  const names = varyNames(fields);
  const missing = names === "*" ? [] : vary.filter((name) => !names.includes(name));
  return missing.length === 0 ? fields : fields.with([["Vary", [...fields.all("vary"), ...missing].join(", ")]]);
}
