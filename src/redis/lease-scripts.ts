// Scripts about leases: what makes one process refresh a key while the others wait.

import { script, TIME, type Script } from "./script.ts";

/**
 * KEYS: entry, lease. ARGV: token, lease in ms, known version as bytes, first and last place of the version, magic,
 * length of the header. What is no frame has no version. Only the version is read, unless it is another.
 */
export const ACQUIRE: Script = script(
  2,
  `
local known = ARGV[3]
if redis.call('GETRANGE', KEYS[1], ARGV[4], ARGV[5]) ~= known then
  local frame = redis.call('GET', KEYS[1])
  if frame and #frame >= tonumber(ARGV[7]) and string.sub(frame, 1, #ARGV[6]) == ARGV[6] then
    return {'changed', frame}
  end
  if known ~= '' then return {'changed'} end
end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'granted'} end
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  return {'granted'}
end
return {'held', redis.call('PTTL', KEYS[2])}
`,
);

/** KEYS: entry, lease. Both as they are, and the server's time in microseconds. Writes nothing. */
export const INSPECT: Script = script(
  2,
  `${TIME}
local now = string.format('%.0f', time[1] * 1000000 + time[2])
return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]), redis.call('PTTL', KEYS[2]), now}
`,
);

/** KEYS: lease. ARGV: token, lease in ms. */
export const RENEW: Script = script(
  1,
  `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'renewed'}
`,
);

/** KEYS: lease. ARGV: token. */
export const RELEASE: Script = script(
  1,
  `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'done'}
`,
);
