import { WATERMARK_LUA } from "../log/log-reader.ts";
import { BACKLOG_LUA } from "./backlog.ts";
import { POSITIONS_LUA } from "./positions.ts";
import { Script } from "./script.ts";

/**
 * Makes the log where there is none, and puts right what a hand or a failover left of it. One script: any number of
 * persisters may start at once.
 *
 * KEYS: log, META. ARGV: group, a new epoch, the store's greatest id (a stream id): no id is given out at
 * or below it (L1).
 *
 * Answers `{what, last id}`: `kept`; `created`; `repaired`, the group or META was missing; `raised`, the log stood
 * below the store, so another one has been here, and it has a new epoch (L3). Or `{"unusable", why}`.
 */
export const CREATE = new Script(`${POSITIONS_LUA}${WATERMARK_LUA}${BACKLOG_LUA}
local log, meta = KEYS[1], KEYS[2]
local group, epoch, floor = ARGV[1], ARGV[2], ARGV[3]

local function before_first(last)
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  return first and before(first[1]) or last
end

local function has_group()
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', log)) do
    for i = 1, #info, 2 do
      if info[i] == 'name' and info[i + 1] == group then return true end
    end
  end
  return false
end

-- What had been appended when the last entry was, as it says itself.
local function recount()
  local beyond = { entries = math.huge, bytes = math.huge }
  for _, entry in ipairs(redis.call('XREVRANGE', log, '+', '-', 'COUNT', PASSED_OVER)) do
    local n, b = counts_before(entry, beyond)
    if n then return n + 1, b + #table.concat(entry[2]) end
  end
  return 0, 0
end

local function write_meta(trimmed, entries, bytes)
  redis.call('DEL', meta)
  redis.call('HSET', meta, 'epoch', epoch, 'trimmed', trimmed,
    'entries', string.format('%.0f', entries), 'bytes', string.format('%.0f', bytes),
    'storedEntries', string.format('%.0f', entries), 'storedBytes', string.format('%.0f', bytes))
end

local kind = redis.call('TYPE', log).ok
if kind == 'none' then
  -- The first write is the one that Redis refuses when it is out of memory.
  redis.call('XGROUP', 'CREATE', log, group, floor, 'MKSTREAM')
  if floor ~= '0-0' then redis.call('XSETID', log, floor) end
  write_meta(floor, 0, 0)
  return {'created', floor}
end
if kind ~= 'stream' then return {'unusable', 'the key of the log holds a ' .. kind} end
local last = last_id(log)
local ms, seq = position(last)
if not ms then return {'unusable', 'the log has an entry beyond the width of an id'} end

local outcome = 'kept'
local totals = read_totals(meta)
local trimmed = totals and redis.call('HGET', meta, 'trimmed')
if not totals or not trimmed then
  outcome = 'repaired'
  trimmed = before_first(last)
  write_meta(trimmed, recount())
end
if not has_group() then
  outcome = 'repaired'
  redis.call('XGROUP', 'CREATE', log, group, trimmed)
end
local floor_ms, floor_seq = position(floor)
if is_after(floor_ms, floor_seq, ms, seq) then
  outcome, last = 'raised', floor
  redis.call('XSETID', log, floor)
  redis.call('HSET', meta, 'epoch', epoch)
end
if outcome ~= 'kept' then refresh_stored(log, meta, group, read_totals(meta)) end
return {outcome, last}
`);
