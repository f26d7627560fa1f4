// Word to developers of responses that could be cached, but for something that nobody has declared.

const told = new Set<string>();
/** Names are as many as handlers write: after so many there is no more to be learnt. */
const MOST = 100;

/** Says once for each `Vary`, and once for users, that such responses are not stored; not in production. */
export function warnOfRefusal(because: string, response: Response): void {
  if (process.env["NODE_ENV"] === "production") return;
  if (because === "vary") warnOfVary(response.headers.get("vary") ?? "");
  if (because === "user") {
    const hint = 'say in its option "partition" whose they are, or in them that they are "public"';
    warnOnce("FRESHTIER_HTTP_USER", `a cached route does not store responses to requests with a "user": ${hint}`);
  }
}

function warnOfVary(vary: string): void {
  const hint = vary.includes("*") ? "" : ': name the headers in its option "vary", if there are few values of them';
  warnOnce("FRESHTIER_HTTP_VARY", `a cached route does not store responses with "Vary: ${vary}"${hint}`);
}

function warnOnce(code: string, text: string): void {
  if (told.has(text) || told.size >= MOST) return;
  told.add(text);
  process.emitWarning(text, { code });
}
