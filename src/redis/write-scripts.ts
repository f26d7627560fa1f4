// Scripts that change an entry. Each ends the lease of its key, which is what fences the flight that holds it.

import { PUBLISHING, script, type Script } from "./script.ts";

/**
 * ARGV of scripts that store: channel, head, deadline, body of the message; frame, offset of its instants; fresh, stale
 * and error in ms; how long Redis keeps it in ms, or nothing: for ever. Instants count from a whole millisecond.
 */
const STORE = `
local created = math.floor(now)
local reply
if ARGV[10] == '' then
  reply = redis.pcall('SET', KEYS[1], ARGV[5])
else
  reply = redis.pcall('SET', KEYS[1], ARGV[5], 'PX', ARGV[10])
end
if not reply.err then
  local instants = struct.pack('>dddd', created, created + ARGV[7], created + ARGV[8], created + ARGV[9])
  redis.call('SETRANGE', KEYS[1], ARGV[6], instants)
end
redis.call('DEL', KEYS[2])
`;

/** KEYS: entry, lease. ARGV: as above, then the token. A full Redis keeps what it has; others may try. */
export const FILL: Script = script(
  2,
  `${PUBLISHING}
if redis.call('GET', KEYS[2]) ~= ARGV[11] then
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. 's')
  return {'fenced'}
end
${STORE}
if reply.err then
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. 's')
  return reply
end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[4])
return {'stored', created}
`,
);

/** KEYS: entry, lease. ARGV: as above, then the body of the message when the entry is lost. A full Redis loses what it
 * has: nobody may go on with the old value. */
export const SET: Script = script(
  2,
  `${PUBLISHING}${STORE}
if reply.err then
  redis.call('DEL', KEYS[1])
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[11])
  return reply
end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[4])
return {'stored', created}
`,
);

/** KEYS: entry, lease. ARGV: channel, head, deadline, body of the message. */
export const REMOVE: Script = script(
  2,
  `${PUBLISHING}
local existed = redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[4])
return {'done', existed}
`,
);

/** KEYS: entry, lease. ARGV: as above, then the token. */
export const DISCARD: Script = script(
  2,
  `${PUBLISHING}
if redis.call('GET', KEYS[2]) ~= ARGV[5] then
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. 's')
  return {'fenced'}
end
redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[4])
return {'done'}
`,
);

/**
 * KEYS: entry, lease. ARGV: channel, head, deadline, body of the message, magic, length of the header, offset of the
 * instants. Ends freshness in place, which keeps the frame's life span; what is no frame, or cannot be written, goes.
 */
export const MARK_STALE: Script = script(
  2,
  `${PUBLISHING}
local created, magic, size, at = math.floor(now), ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local header = redis.call('GETRANGE', KEYS[1], 0, size - 1)
if #header == size and string.sub(header, 1, #magic) == magic then
  local madeAt, freshUntil = struct.unpack('>dd', header, at + 1)
  if freshUntil > created then
    local instants = struct.pack('>dd', math.min(madeAt, created), created)
    if type(redis.pcall('SETRANGE', KEYS[1], at, instants)) == 'table' then redis.call('DEL', KEYS[1]) end
  end
elseif #header > 0 then
  redis.call('DEL', KEYS[1])
end
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ARGV[4])
return {'done'}
`,
);
