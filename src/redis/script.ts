// What scripts have in common: how they are run inside Redis, and the Lua they share.

import { createHash } from "node:crypto";
import type { RedisEndpoint, ScriptArgument } from "./connection.ts";
import { shardOf } from "./shard.ts";

/** A script, and the digest that Redis knows it by. */
export interface Script {
  readonly keys: number;
  readonly lua: string;
  readonly sha: string;
}

/** Makes a script of its source. */
export function script(keys: number, lua: string): Script {
  return Object.freeze({ keys, lua, sha: createHash("sha1").update(lua).digest("hex") });
}

/** Which scripts have been sent with their source since when, by the connection. */
const sent = new WeakMap<RedisEndpoint, { readonly generation: number; readonly names: Set<string> }>();

/** How often a server turned out to have forgotten a script. */
let forgotten = 0;

/**
 * How often a server has forgotten a script so far. What is answered while this changes may have been asked after a script that is
 * run only now, and is to be asked again: the connection tells of the script first.
 */
export function timesForgotten(): number {
  return forgotten;
}

/** What a script is run for. */
export interface ScriptUse {
  /** Whether the connection is still the one that the first try went to. */
  readonly isCurrent: () => boolean;
  /** Whether it may be run after what has been sent since; default: it may. */
  readonly isStillMeant?: (() => boolean) | undefined;
}

/**
 * Runs a script by its digest, and the first time in a generation by its source: to send that only when the digest turns out
 * to be unknown would put the script behind all that was sent after it. Where Redis has forgotten it since (`SCRIPT FLUSH`; since 7.4
 * it keeps 500 of all programs), that is what happens: {@link timesForgotten} tells those who have asked something in between.
 */
export async function runScript(
  connection: RedisEndpoint,
  generation: number,
  { isCurrent, isStillMeant }: ScriptUse,
  { keys, lua, sha }: Script,
  args: readonly ScriptArgument[],
): Promise<unknown> {
  const names = sentIn(connection, generation);
  // Of a cluster each server has scripts of its own.
  const name = `${shardOf(connection, String(args[0])) ?? ""} ${sha}`;
  if (!names.has(name)) {
    names.add(name);
    return connection.evalBuffer(lua, keys, ...args);
  }
  try {
    return await connection.evalshaBuffer(sha, keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    forgotten++;
    if (!isCurrent() || isStillMeant?.() === false) throw error;
    // It has forgotten the others as well.
    names.clear();
    names.add(name);
    return connection.evalBuffer(lua, keys, ...args);
  }
}

function sentIn(connection: RedisEndpoint, generation: number): Set<string> {
  const before = sent.get(connection);
  if (before?.generation === generation) return before.names;
  const names = new Set<string>();
  sent.set(connection, { generation, names });
  return names;
}

/** A number as Lua reads it, which may have no word for infinity but rounds to it. */
export function toArgument(value: number): string {
  return value === Infinity ? "1e999" : String(value);
}

/** Server time, of which both parts are whole numbers. */
export const TIME: string = `
local time = redis.call('TIME')
`;

/**
 * ARGV of scripts that publish: channel, head of the message, deadline, then those of their own. Each publishes exactly
 * once however it ends: its message carries a number, and a number that never comes makes all processes doubt.
 * (Scripts make no functions and no strings they can do without: Redis does that anew at each run, while all wait.)
 */
export const PUBLISHING: string = `${TIME}
local now = time[1] * 1000 + time[2] / 1000
if now > tonumber(ARGV[3]) then
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. 's')
  return {'late'}
end
`;
