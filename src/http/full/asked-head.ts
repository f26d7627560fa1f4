// What a Request of fetch asks of a cache: by its fields, and by what else it has.

import { badInput } from "../../errors.ts";
import { headOf } from "../fetch-head.ts";
import { fieldsOf, type FieldLine, type RequestHead } from "../policy/message.ts";
import type { PolicySettings } from "../policy/settings.ts";
import { endToEndFields } from "../policy/stored-fields.ts";

/** What modes of Fetch are in words of RFC 9111 §5.2.1. Without the cache go those that `passesBy` names. */
const MODES: Readonly<Record<string, string>> = {
  reload: "no-cache",
  "no-cache": "no-cache",
  "force-cache": "max-stale",
  "only-if-cached": "only-if-cached, max-stale",
};

/**
 * The head that counts for the cache and the origin alike: without what `Connection` names, so that nobody has a response stored for a header
 * that the origin has not seen.
 * @throws CacheError `invalid_argument` for what is no Request
 */
export function askedHead(request: Request, { obeysRequests }: PolicySettings): RequestHead {
  if (typeof request?.headers?.get !== "function")
    throw badInput("invalid_argument", "request", "a Request, as `new Request(url)` makes one", request);
  const head = headOf(request);
  const mode = obeysRequests ? MODES[request.cache] : undefined;
  const isNamed = head.fields.all("connection").length > 0;
  if (mode === undefined && !isNamed) return head;
  const lines: readonly FieldLine[] = [...endToEndFields(fieldsOf(head.fields))];
  return { ...head, fields: fieldsOf(mode === undefined ? lines : [...lines, ["Cache-Control", mode]]) };
}

/** Whether a request is none of the cache's business: nothing is to be stored of it, or its body is to be checked on its way. */
export function passesBy({ cache, integrity }: Request, { obeysRequests }: PolicySettings): string | undefined {
  if (obeysRequests && cache === "no-store") return "request-no-store";
  return integrity === undefined || integrity === "" ? undefined : "integrity";
}
