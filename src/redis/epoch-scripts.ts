// Scripts about time and epochs. Random text comes from outside: Lua's own is the same in every run.

import { PUBLISHING, script, TIME, type Script } from "./script.ts";

/** KEYS: any, which says whose clock on a cluster. The time in microseconds. */
export const NOW: Script = script(1, `${TIME} return string.format('%.0f', time[1] * 1000000 + time[2])`);

/**
 * KEYS: epoch. ARGV: random text. The epoch, made now if there is none: so its loss invalidates. Written
 * `<hard> <soft>`, each the server's time in microseconds and a random suffix.
 */
export const EPOCH: Script = script(
  1,
  `
local current = redis.call('GET', KEYS[1])
if current and string.find(current, '^%d+%-%w+ %d+%-%w+$') then return current end
${TIME}
local stamp = string.format('%.0f', time[1] * 1000000 + time[2]) .. '-' .. ARGV[1]
redis.call('SET', KEYS[1], stamp .. ' ' .. stamp)
return stamp .. ' ' .. stamp
`,
);

/** KEYS: any. ARGV: channel, head, deadline, body of the message. */
export const ANNOUNCE: Script = script(
  1,
  `${PUBLISHING} redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[4]) return {'done'}`,
);

/**
 * KEYS: epoch. ARGV: channel, head, deadline, random text, `hard` or `soft`, body of the message. When Redis is full
 * the epoch is dropped instead, which costs no memory and invalidates as well.
 */
export const BUMP: Script = script(
  1,
  `${PUBLISHING}
local stamp = string.format('%.0f', time[1] * 1000000 + time[2]) .. '-' .. ARGV[4]
local hard, soft = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+%-%w+) (%d+%-%w+)$')
if not hard then
  hard, soft = stamp, stamp
elseif ARGV[5] == 'soft' then
  soft = stamp
else
  hard = stamp
end
local reply = redis.pcall('SET', KEYS[1], hard .. ' ' .. soft)
if reply.err then redis.call('DEL', KEYS[1]) end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[6])
return {'done'}
`,
);
