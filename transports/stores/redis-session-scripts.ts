/**
 * What the session store does in Redis, each in one step. Expired sessions leave the counts when somebody looks: nobody
 * has to sweep.
 */
import { RedisScript } from './redis-connection.js';

const COMMON = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function outlive(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then redis.call('PEXPIRE', key, ms) end
end
local function count(key, id, ms)
  redis.call('ZADD', key, now() + ms, id)
  outlive(key, ms)
end
local function takeTurn(meta)
  local turn = string.format('%.0f', math.max(tonumber(redis.call('HGET', meta, 'turn') or '0') + 1, now()))
  redis.call('HSET', meta, 'turn', turn)
  return turn
end
`;

/** KEYS record all own meta. ARGV id json ttlMs maxAll maxOwn carrier|''. `maxOwn` 0: not counted */
export const CREATE = new RedisScript(
  'create session',
  `${COMMON}
local ms = now()
if redis.call('EXISTS', KEYS[1]) == 1 then return 'taken' end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ms)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
if ARGV[5] ~= '0' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ms)
  if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then return 'principal full' end
  count(KEYS[3], ARGV[1], ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
count(KEYS[2], ARGV[1], ARGV[3])
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[4], 'carrier', ARGV[6])
  outlive(KEYS[4], ARGV[3])
end
return 'created'
`,
);

/** KEYS record wishes meta */
export const LOAD = new RedisScript(
  'load session',
  `
local record = redis.call('GET', KEYS[1])
if not record then return false end
local carriage = redis.call('HMGET', KEYS[3], 'carrier', 'at')
return { record, redis.call('HGETALL', KEYS[2]), carriage, redis.call('PTTL', KEYS[1]) }
`,
);

/**
 * With a carrier's name only while that one is the carrier.
 * KEYS record all own wishes meta calls. ARGV id ttlMs isCounted carrier|''. 0: it is gone
 */
export const TOUCH = new RedisScript(
  'touch session',
  `${COMMON}
if ARGV[4] ~= '' and redis.call('HGET', KEYS[5], 'carrier') ~= ARGV[4] then return 1 end
if redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 0 then return 0 end
count(KEYS[2], ARGV[1], ARGV[2])
if ARGV[3] == '1' then count(KEYS[3], ARGV[1], ARGV[2]) end
for i = 4, #KEYS do outlive(KEYS[i], ARGV[2]) end
return 1
`,
);

/** KEYS record wishes. ARGV json|'' channel signal then (field value | field '')… */
export const SAVE = new RedisScript(
  'save session',
  `
local left = redis.call('PTTL', KEYS[1])
if left == -2 then return 0 end
if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL') end
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[2], ARGV[i])
  else redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', KEYS[2], left)
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
`,
);

/**
 * With a carrier's name only while no other carries it. One that expired is told of, one that was ended is not again.
 * KEYS record all own grave wishes events meta calls. ARGV id graveMs channel signal carrier|''. How many heard it; -1: it
 * was ended already; -2: another carries it
 */
export const DELETE = new RedisScript(
  'delete session',
  `
if ARGV[5] ~= '' and (redis.call('HGET', KEYS[7], 'carrier') or ARGV[5]) ~= ARGV[5] then return -2 end
local isTold = redis.call('DEL', KEYS[1]) == 1 or redis.call('EXISTS', KEYS[4]) == 0
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
for i = 5, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('SET', KEYS[4], 1, 'PX', ARGV[2])
if not isTold then return -1 end
return redis.call('PUBLISH', ARGV[3], ARGV[4])
`,
);

/**
 * Puts a session back that Redis has lost; where the numbers of its events are lost too, they begin anew at one that
 * never was: the time in µs, which no stream outruns.
 * KEYS record all own grave wishes meta events. ARGV id json ttlMs isCounted then field value…
 */
export const RESTORE = new RedisScript(
  'restore session',
  `${COMMON}
if redis.call('EXISTS', KEYS[4]) == 1 then return 'ended' end
if redis.call('EXISTS', KEYS[1]) == 1 then return 'kept' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
count(KEYS[2], ARGV[1], ARGV[3])
if ARGV[4] == '1' then count(KEYS[3], ARGV[1], ARGV[3]) end
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1]) end
if redis.call('EXISTS', KEYS[6]) == 0 then
  local time = redis.call('TIME')
  local base = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('HSET', KEYS[6], 'base', base, 'at', base)
  redis.call('DEL', KEYS[7])
end
redis.call('PEXPIRE', KEYS[5], ARGV[3])
outlive(KEYS[6], ARGV[3])
return 'restored'
`,
);

/**
 * From now on this instance carries the main stream; the others are told. Turns only grow, so that whoever hears of two
 * at once knows the later.
 * KEYS record meta. ARGV instance channel ttlMs. Who carried it, up to where, and whose turn it is now
 */
export const CARRY = new RedisScript(
  'carry session',
  `${COMMON}
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local before = redis.call('HMGET', KEYS[2], 'carrier', 'at')
local turn = takeTurn(KEYS[2])
redis.call('HSET', KEYS[2], 'carrier', ARGV[1])
outlive(KEYS[2], math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[3])))
local signal = '{"kind":"attached","stream":"m","turn":' .. turn .. ',"from":"' .. ARGV[1] .. '"}'
if before[1] ~= ARGV[1] then redis.call('PUBLISH', ARGV[2], signal) end
return { before[1] or '', before[2] or '0', turn }
`,
);

/**
 * From now on this instance reads a stream of a call; the others are told. In turn as with the main stream.
 * KEYS record meta. ARGV instance channel stream. Whose turn it is now
 */
export const ANNOUNCE = new RedisScript(
  'announce stream',
  `${COMMON}
if redis.call('EXISTS', KEYS[1]) == 0 then return '0' end
local turn = takeTurn(KEYS[2])
outlive(KEYS[2], redis.call('PTTL', KEYS[1]))
local signal = '{"kind":"attached","stream":' .. cjson.encode(ARGV[3]) .. ',"turn":' .. turn .. ',"from":"' .. ARGV[1] .. '"}'
redis.call('PUBLISH', ARGV[2], signal)
return turn
`,
);

/** Up to where the main stream was carried. KEYS meta. ARGV cursor channel signal|'' */
export const CARRIED = new RedisScript(
  'carried session',
  `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if tonumber(redis.call('HGET', KEYS[1], 'at') or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'at', ARGV[1])
end
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1
`,
);

/** The records of those that live longest from now. KEYS all. ARGV prefix limit. (json ms carrier|'')… */
export const LIST = new RedisScript(
  'list sessions',
  `${COMMON}
local ms = now()
local listed = {}
local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. ms, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for i = 1, #found, 2 do
  local record = redis.call('GET', ARGV[1] .. 's:' .. found[i])
  if record then
    table.insert(listed, record)
    table.insert(listed, string.format('%.0f', found[i + 1] - ms))
    table.insert(listed, redis.call('HGET', ARGV[1] .. 'm:' .. found[i], 'carrier') or '')
  end
end
return listed
`,
);

/** KEYS all */
export const COUNT = new RedisScript(
  'count sessions',
  `${COMMON}
return redis.call('ZCOUNT', KEYS[1], now(), '+inf')
`,
);
