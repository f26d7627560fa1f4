// Which requests a response is for: what Vary names, and how its values compare (RFC 9111 §4.1).

import { combined, single, type Fields, type RequestHead, type ResponseHead } from "./message.ts";
import { languageQualities, normalised } from "./normalise.ts";
import type { PolicySettings } from "./settings.ts";
import { fieldNames, listMembers } from "./syntax.ts";

/** Names of request headers in lower case, sorted; `"*"`: nobody but the origin can tell. */
export type VaryNames = "*" | readonly string[];

/** Values of request headers, normalised; `null` for one that was not there. Made of plain data, so that it can be stored. */
export type Selection = readonly (readonly [name: string, value: string | null])[];

/** What a response varies by. A member that is no field name counts as `*`, which matches nothing. */
export function varyNames(fields: Fields): VaryNames {
  const names = fieldNames(fields.all("vary"));
  return names === undefined || names.includes("*") ? "*" : names.toSorted();
}

/** What of a request a response to it was selected by. */
export function selectionOf(names: readonly string[], request: Pick<RequestHead, "fields">): Selection {
  return names.map((name) => [name, selectingValue(name, request.fields)]);
}

/** The selection as one text: a key for one of the variants under a URL. */
export function variantKey(names: readonly string[], request: Pick<RequestHead, "fields">): string {
  return JSON.stringify(selectionOf(names, request));
}

/**
 * Whether a response that was selected by `selection` may be given to a request without asking the origin (RFC 9111 §4.1): every value
 * matches after normalisation; one that was absent has to be absent.
 * @param response asked for its `Content-Language`, where the policy selects by it
 */
export function matchesSelection(
  selection: Selection,
  request: Pick<RequestHead, "fields">,
  response: Pick<ResponseHead, "fields">,
  settings: Pick<PolicySettings, "selectsLanguage">,
): boolean {
  return selection.every(([name, value]) => {
    if (selectingValue(name, request.fields) === value) return true;
    return name === "accept-language" && settings.selectsLanguage && isLanguageWanted(request, response);
  });
}

function selectingValue(name: string, fields: Fields): string | null {
  const value = combined(fields, name);
  return value === undefined ? null : normalised(name, value);
}

/** Whether the one language of the response is what the request wants most (RFC 9110 §12.5.4). */
function isLanguageWanted(request: Pick<RequestHead, "fields">, response: Pick<ResponseHead, "fields">): boolean {
  const language = single(response.fields, "content-language")?.toLowerCase();
  const wanted = combined(request.fields, "accept-language");
  if (language === undefined || wanted === undefined || listMembers([language]).length !== 1) return false;
  const qualities = languageQualities(wanted);
  const most = Math.max(...qualities.values());
  return most > 0 && qualities.get(language) === most;
}
