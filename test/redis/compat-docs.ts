// What a server says of its own commands: since which version there are each, and each of their arguments.

import type { RedisServer } from "../support/redis/redis-server.ts";
import type { Reply } from "../support/redis/resp.ts";

/** A command, and the words that may follow it. */
export interface CommandDocs {
  readonly since: string;
  readonly isContainer: boolean;
  /** By word, in capitals: since when it may follow. */
  readonly words: ReadonlyMap<string, string>;
}

/** Asks for a command, or a subcommand written `client|kill`; undefined when the server has none of that name. */
export async function docsOf(server: RedisServer, name: string): Promise<CommandDocs | undefined> {
  const reply = asMap(await server.command("COMMAND", "DOCS", name)).get(name);
  if (reply === undefined) return undefined;
  const docs = asMap(reply);
  const since = String(docs.get("since"));
  const words = new Map<string, string>();
  noteWords(words, docs.get("arguments"), since);
  return { since, isContainer: docs.has("subcommands"), words };
}

/** Of a word that may follow at several places the oldest counts. */
function noteWords(words: Map<string, string>, args: Reply | undefined, parentSince: string): void {
  for (const one of Array.isArray(args) ? args : []) {
    const argument = asMap(one);
    const since = newer(String(argument.get("since") ?? "0"), parentSince);
    const token = argument.get("token");
    if (token !== undefined) {
      const word = String(token).toUpperCase();
      const known = words.get(word);
      words.set(word, known === undefined || newer(known, since) === known ? since : known);
    }
    noteWords(words, argument.get("arguments"), since);
  }
}

/** The newer of two versions. */
export function newer(one: string, other: string): string {
  return one.localeCompare(other, "en", { numeric: true }) >= 0 ? one : other;
}

/** Maps come as flat lists. */
function asMap(reply: Reply | undefined): Map<string, Reply> {
  const map = new Map<string, Reply>();
  if (!Array.isArray(reply)) return map;
  for (let index = 0; index < reply.length; index += 2) map.set(String(reply[index]), reply[index + 1] ?? "");
  return map;
}
