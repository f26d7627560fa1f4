// Scripts about leases: what makes one process refresh a key while the others wait.

import { script, VERSION, type Script } from "./script.ts";

/**
 * KEYS: entry, lease. ARGV: token, known version, lease in ms, magic, length of
 * the header, offset of the version. The first part reads
 * the head of the frame only: the frame itself is needed when it is another.
 */
export const ACQUIRE: Script = script(
  2,
  `${VERSION}
local token, known, lease, magic, size, offset = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local version = versionOf(redis.call('GETRANGE', KEYS[1], 0, size - 1), magic, size, offset)
if version ~= known then
  if version == '' then return {'changed'} end
  return {'changed', redis.call('GET', KEYS[1])}
end
if redis.call('SET', KEYS[2], token, 'NX', 'PX', lease) then return {'granted'} end
if redis.call('GET', KEYS[2]) == token then
  redis.call('PEXPIRE', KEYS[2], lease)
  return {'granted'}
end
return {'held', tostring(redis.call('PTTL', KEYS[2]))}
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
