// Word to developers of a response that could be cached, but for a header that nobody has declared.

const told = new Set<string>();
/** Names are as many as handlers write: after so many there is no more to be learnt. */
const MOST = 100;

/** Says once for each `Vary` that its responses are not stored; not in production. */
export function warnOfVary(because: string, response: Response): void {
  const vary = response.headers.get("vary") ?? "";
  if (because !== "vary" || told.has(vary) || told.size >= MOST || process.env["NODE_ENV"] === "production") return;
  told.add(vary);
  const hint = vary.includes("*") ? "" : ': name the headers in its option "vary", if there are few values of them';
  process.emitWarning(`cachedHandler does not store responses with "Vary: ${vary}"${hint}`, {
    code: "FRESHTIER_HTTP_VARY",
  });
}
