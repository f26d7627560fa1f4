// Messages for the tests of the policy, as short as they can be said.

import fc from "fast-check";
import { fieldsOf, type FieldLine, type RequestHead } from "../../../src/http/policy/message.ts";
import type { StoredResponse } from "../../../src/http/policy/reuse.ts";
import { resolvePolicy, type PolicySettings } from "../../../src/http/policy/settings.ts";
import { selectionOf, varyNames } from "../../../src/http/policy/vary.ts";

/** When everything in these tests happens: a whole second. */
export const NOW: number = Date.UTC(2026, 0, 1, 12, 0, 0);

/** An HTTP-date, by seconds from now. */
export function date(seconds = 0): string {
  return new Date(NOW + seconds * 1_000).toUTCString();
}

/** Fields as a test writes them: an object, or lines where a name is there twice. */
export type Written = Readonly<Record<string, string>> | readonly FieldLine[];

export function request(fields: Written = {}, method = "GET", url = "https://example.test/a"): RequestHead {
  return { method, url, fields: fieldsOf(fields) };
}

/** A response as it came just now, to a request for which nothing was selected. */
export function response(fields: Written = {}, more: Partial<StoredResponse> = {}): StoredResponse {
  const head = fieldsOf(fields);
  return { status: 200, fields: head, requestedAt: NOW, receivedAt: NOW, selection: [], ...more };
}

/** The response to a request, with what it was selected by. */
export function answerTo(asked: RequestHead, fields: Written, more: Partial<StoredResponse> = {}): StoredResponse {
  const answer = response(fields, more);
  const names = varyNames(answer.fields);
  return { ...answer, selection: names === "*" ? [] : selectionOf(names, asked) };
}

export const shared: PolicySettings = resolvePolicy();
export const privately: PolicySettings = resolvePolicy({ shared: false });
export const route: PolicySettings = resolvePolicy({ mode: "route" });

/** Any text that a header could hold, and any other. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 0xffff })))
  .map((codes) => String.fromCharCode(...codes));
