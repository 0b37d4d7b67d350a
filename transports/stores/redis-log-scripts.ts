/**
 * What the event log does in Redis, each in one step. Of a stream there are three marks in the session's hash: `l` the
 * last event there ever was, `v` the last that is no longer kept, `c` that it is closed. `base` is where numbers begin:
 * 0, or the time at which a session was put back that Redis had lost, so that no number ever comes twice.
 */
import { RedisScript } from './redis-connection.js';

// Entries leave by number, size and age; the newest event stays, whatever its size. An end is an entry too, so that the
// marks of a stream go with the last of it; it counts only when there is nothing but ends.
const WINDOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function open(meta, stream)
  if redis.call('HEXISTS', meta, 'l:' .. stream) == 1 then return end
  local base = redis.call('HGET', meta, 'base') or '0'
  redis.call('HSET', meta, 'l:' .. stream, base, 'v:' .. stream, base)
end
local function evict(events, meta, count, bytes, maxEvents, maxBytes, maxMs)
  local oldest = now() - maxMs
  while true do
    local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
    if not first then break end
    local entry = first[2]
    local isEnd = entry[6] == 'end'
    local isOld = tonumber(string.match(first[1], '^%d+')) < oldest
    local isTooMany = count > maxEvents or bytes > maxBytes
    if not isEnd and not isOld and (not isTooMany or count <= 1) then break end
    if isEnd and not isOld and not isTooMany and redis.call('XLEN', events) <= maxEvents then break end
    redis.call('XDEL', events, first[1])
    if isEnd then
      redis.call('HDEL', meta, 'l:' .. entry[2], 'v:' .. entry[2], 'c:' .. entry[2])
    else
      redis.call('HSET', meta, 'v:' .. entry[2], entry[4])
      count = count - 1
      bytes = bytes - #entry[8]
    end
  end
  return count, bytes
end
local function sweep(events, meta, maxEvents, maxBytes, maxMs)
  local held = redis.call('HMGET', meta, 'count', 'bytes')
  local count, bytes = tonumber(held[1] or '0'), tonumber(held[2] or '0')
  local left, size = evict(events, meta, count, bytes, tonumber(maxEvents), tonumber(maxBytes), tonumber(maxMs))
  if left ~= count or size ~= bytes then redis.call('HSET', meta, 'count', left, 'bytes', size) end
end
local function outlive(key, record, ms)
  local left = math.max(tonumber(ms), redis.call('PTTL', record))
  if redis.call('PTTL', key) < left then redis.call('PEXPIRE', key, left) end
end
`;

/**
 * Keeps an event and announces it with its text, so that a reader that keeps up never has to fetch. Said again after a
 * lost reply it is not kept twice: numbers of an instance only grow (`d:<instance>`).
 * KEYS events meta record calls. ARGV stream data kind instance number maxEvents maxBytes maxMs keepMs channel owed heir
 * `owed` names the call that this answers. Who owes it answers, and so does who speaks for the dead (`heir`): whoever
 * is first. -1: there is no such session.
 */
export const APPEND = new RedisScript(
  'append',
  `${WINDOW}
local events, meta, record, calls = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local stream, data, kind, owed, heir = ARGV[1], ARGV[2], ARGV[3], ARGV[11], ARGV[12]
local life = redis.call('PTTL', record)
if life == -2 then return -1 end
local mark = 'd:' .. ARGV[4]
local marks = redis.call('HMGET', meta, mark, 'l:' .. stream, 'base', 'count', 'bytes')
if tonumber(marks[1] or '0') >= tonumber(ARGV[5]) then return 0 end
if owed ~= '' then
  local owner = redis.call('HGET', calls, owed)
  if heir ~= '' then
    if owner ~= heir then return 0 end
    redis.call('HSET', calls, owed, '-')
  elseif owner then
    if owner ~= ARGV[4] then return 0 end
    redis.call('HDEL', calls, owed)
  end
end
local base = marks[3] or '0'
if not marks[2] then redis.call('HSET', meta, 'v:' .. stream, base) end
local seq = tonumber(marks[2] or base) + 1
local number = string.format('%.0f', seq)
local id = redis.call('XADD', events, '*', 't', stream, 's', number, 'k', kind, 'd', data)
local count, bytes = tonumber(marks[4] or '0') + 1, tonumber(marks[5] or '0') + #data
count, bytes = evict(events, meta, count, bytes, tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]))
redis.call('HSET', meta, mark, ARGV[5], 'l:' .. stream, number, 'count', count, 'bytes', bytes)
life = math.max(tonumber(ARGV[9]), life)
if redis.call('PTTL', meta) < life / 2 then redis.call('PEXPIRE', meta, life) end
redis.call('PEXPIRE', events, ARGV[9])
redis.call('PUBLISH', ARGV[10], 'e' .. stream .. ' ' .. number .. ' ' .. id .. ' ' .. kind .. ' ' .. data)
return seq
`,
);

/** KEYS events meta record. ARGV stream channel maxEvents maxBytes maxMs keepMs */
export const CLOSE = new RedisScript(
  'close stream',
  `${WINDOW}
local events, meta = KEYS[1], KEYS[2]
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
open(meta, ARGV[1])
if redis.call('HSETNX', meta, 'c:' .. ARGV[1], 1) == 1 then
  redis.call('XADD', events, '*', 't', ARGV[1], 's', '0', 'k', 'end', 'd', '')
  sweep(events, meta, ARGV[3], ARGV[4], ARGV[5])
  outlive(meta, KEYS[3], ARGV[6])
  redis.call('PEXPIRE', events, ARGV[6])
end
redis.call('PUBLISH', ARGV[2], 'c' .. ARGV[1] .. ' ' .. (redis.call('HGET', meta, 'l:' .. ARGV[1]) or '0'))
return 1
`,
);

/**
 * KEYS calls meta record. ARGV owed instance keepMs stream again. 0: one to that id is owed there already. -1: no session.
 * What somebody else has answered (`-`) may be asked anew, but is not owed `again` by whoever owed it.
 */
export const EXPECT = new RedisScript(
  'expect',
  `${WINDOW}
if redis.call('EXISTS', KEYS[3]) == 0 then return -1 end
local owner = redis.call('HGET', KEYS[1], ARGV[1])
if owner and (owner ~= '-' or ARGV[5] == '1') then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
open(KEYS[2], ARGV[4])
outlive(KEYS[1], KEYS[3], ARGV[3])
outlive(KEYS[2], KEYS[3], ARGV[3])
return 1
`,
);

/** What is said to be owed by an instance, and is not. KEYS calls. ARGV owed instance */
export const RELEASE = new RedisScript(
  'release',
  `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`,
);

/** The marks of a stream, with the window as it is now. KEYS events meta. ARGV stream maxEvents maxBytes maxMs */
export const MARKS = new RedisScript(
  'marks',
  `${WINDOW}
local events, meta = KEYS[1], KEYS[2]
if redis.call('EXISTS', meta) == 1 then
  sweep(events, meta, ARGV[2], ARGV[3], ARGV[4])
end
return redis.call('HMGET', meta, 'l:' .. ARGV[1], 'v:' .. ARGV[1], 'c:' .. ARGV[1], 'base')
`,
);
