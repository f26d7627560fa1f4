// Reads the URL of a server.

/** What a URL says of a server. */
export interface RedisUrl {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
}

/** The parts of `redis://` and `rediss://` URLs, or `undefined` for anything else. */
export function parseUrl(text: unknown): RedisUrl | undefined {
  if (typeof text !== "string" || !/^rediss?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const db = /^\/?(\d*)$/.exec(url.pathname)?.[1];
  if (db === undefined || url.search !== "" || url.hash !== "") return undefined;
  try {
    return {
      isSecure: url.protocol === "rediss:",
      // IPv6 addresses stand in brackets
      host: url.hostname === "" ? "localhost" : url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? 6379 : Number(url.port),
      username: decoded(url.username),
      password: decoded(url.password),
      db: Number(db),
    };
  } catch {
    // a % that escapes nothing
    return undefined;
  }
}

function decoded(part: string): string | undefined {
  return part === "" ? undefined : decodeURIComponent(part);
}
