// Scripts that change an entry. Each ends the lease of its key, which is what fences the flight that holds it.

import { PUBLISHING, script, VERSION, type Script } from "./script.ts";

/**
 * ARGV of scripts that write an entry: channel, head, deadline, full key, magic, length of the header, offset of the
 * instants, offset of the version; those that store go on with frame, fresh, stale and error in ms. Instants count from
 * a whole millisecond.
 */
const ENTRY = `${PUBLISHING}${VERSION}
local fullKey, magic, size = ARGV[4], ARGV[5], tonumber(ARGV[6])
local instantsAt, versionAt = tonumber(ARGV[7]), tonumber(ARGV[8])
local created = math.floor(now)
local function store(frame)
  local fresh, stale, error = number(ARGV[10]), number(ARGV[11]), number(ARGV[12])
  local instants = struct.pack('>dddd', created, created + fresh, created + stale, created + error)
  local bytes = string.sub(frame, 1, instantsAt) .. instants .. string.sub(frame, instantsAt + 33)
  local reply
  if error < 1e14 then
    reply = redis.pcall('SET', KEYS[1], bytes, 'PX', string.format('%.0f', math.max(1, math.ceil(error))))
  else
    reply = redis.pcall('SET', KEYS[1], bytes)
  end
  return reply.err and reply
end
`;

/** KEYS: entry, lease. ARGV: as above, then the token. A full Redis keeps what it has; others may try. */
export const FILL: Script = script(
  2,
  `${ENTRY}
if redis.call('GET', KEYS[2]) ~= ARGV[13] then
  publish('s')
  return {'fenced'}
end
local failure = store(ARGV[9])
redis.call('DEL', KEYS[2])
if failure then
  publish('s')
  return failure
end
publish('f ' .. versionOf(ARGV[9], magic, size, versionAt) .. ' ' .. fullKey)
return {'stored', string.format('%.0f', created)}
`,
);

/** KEYS: entry, lease. ARGV: as above. A full Redis loses what it has: nobody may go on with the old value. */
export const SET: Script = script(
  2,
  `${ENTRY}
local failure = store(ARGV[9])
redis.call('DEL', KEYS[2])
if failure then
  redis.call('DEL', KEYS[1])
  publish('k - ' .. fullKey)
  return failure
end
publish('k ' .. versionOf(ARGV[9], magic, size, versionAt) .. ' ' .. fullKey)
return {'stored', string.format('%.0f', created)}
`,
);

/** KEYS: entry, lease. ARGV: channel, head, deadline, full key. */
export const REMOVE: Script = script(
  2,
  `${PUBLISHING}
local existed = redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
publish('k - ' .. ARGV[4])
return {'done', tostring(existed)}
`,
);

/** KEYS: entry, lease. ARGV: as above, then the token. */
export const DISCARD: Script = script(
  2,
  `${PUBLISHING}
if redis.call('GET', KEYS[2]) ~= ARGV[5] then
  publish('s')
  return {'fenced'}
end
redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2])
publish('k - ' .. ARGV[4])
return {'done'}
`,
);

/**
 * KEYS: entry, lease. ARGV: as above, without a frame. Ends freshness in place, which keeps the frame's life span;
 * what is no frame, or cannot be written, goes.
 */
export const MARK_STALE: Script = script(
  2,
  `${ENTRY}
local header = redis.call('GETRANGE', KEYS[1], 0, size - 1)
if isFrame(header, magic, size) then
  local madeAt, freshUntil = struct.unpack('>dd', header, instantsAt + 1)
  if freshUntil > created then
    local instants = struct.pack('>dd', math.min(madeAt, created), created)
    if type(redis.pcall('SETRANGE', KEYS[1], instantsAt, instants)) == 'table' then redis.call('DEL', KEYS[1]) end
  end
elseif #header > 0 then
  redis.call('DEL', KEYS[1])
end
redis.call('DEL', KEYS[2])
publish('k - ' .. fullKey)
return {'done'}
`,
);
