// What scripts have in common: how they are run inside Redis, and the Lua they share.

import { createHash } from "node:crypto";
import type { RedisConnection, ScriptArgument } from "./connection.ts";

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

/**
 * Runs a script by its digest; sends the source when Redis does not know it (any more).
 * @param isCurrent whether the connection is still the one that the first try went to
 */
export async function runScript(
  connection: RedisConnection,
  isCurrent: () => boolean,
  { keys, lua, sha }: Script,
  args: readonly ScriptArgument[],
): Promise<unknown> {
  try {
    return await connection.evalshaBuffer(sha, keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT")) || !isCurrent()) throw error;
    return connection.evalBuffer(lua, keys, ...args);
  }
}

/** A number as scripts read it. */
export function toArgument(value: number): string {
  return value === Infinity ? "inf" : String(value);
}

/** Server time: `micros` is a whole number and, as a double, exact for another two centuries. */
export const TIME: string = `
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = micros / 1000
local function number(text) return text == 'inf' and math.huge or tonumber(text) end
`;

/**
 * ARGV of scripts that publish: channel, head of the message, deadline, then those of their own. Each publishes exactly
 * once however it ends: its message carries a number, and a number that never comes makes all processes doubt.
 */
export const PUBLISHING: string = `${TIME}
local channel, head, deadline = ARGV[1], ARGV[2], number(ARGV[3])
local function publish(body) redis.call('PUBLISH', channel, head .. body) end
if now > deadline then
  publish('s')
  return {'late'}
end
`;

/** The version of a frame as text; empty for nothing, and for bytes that are no frame of ours. */
export const VERSION: string = `
local function isFrame(header, magic, size)
  return #header >= size and string.sub(header, 1, #magic) == magic
end
local function versionOf(frame, magic, size, offset)
  if not isFrame(frame, magic, size) then return '' end
  return (string.gsub(string.sub(frame, offset + 1, offset + 8), '.', function(byte)
    return string.format('%02x', string.byte(byte))
  end))
end
`;
