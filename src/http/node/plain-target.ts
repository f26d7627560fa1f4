// Whether a request's target means the same to the cache, which reads it as a URL, and to a router, which reads it as it is.

/** Nothing in it that reading a URL would change, and no segment that begins with a dot. */
const PLAIN_PATH = /^(?:\/(?!\.|%2e)[\w\-.~!$&'()*+,;=:@%]*)+$/i;

/**
 * A router matches `/files/../a`, `/files/%2e%2e/a` and `/files\a` as they stand, and some let a query begin with `#` or `;`. The URLs have
 * other paths and queries, so answers to such targets would be stored under the URI of something else.
 */
export function isPlainTarget(target: string): boolean {
  if (target.includes("#")) return false;
  const end = target.indexOf("?");
  if (end === -1) return isPlainPath(target);
  const path = target.slice(0, end);
  return !path.includes(";") && isPlainPath(path);
}

function isPlainPath(path: string): boolean {
  return PLAIN_PATH.test(path) || isAsWritten(path);
}

function isAsWritten(path: string): boolean {
  const url = `http://localhost${path}`;
  return path.startsWith("/") && URL.canParse(url) && new URL(url).pathname === path;
}
