/**
 * Lua: arithmetic on stream ids. A part of an id may be wider than a Lua number is exact (2^53), so ids are taken
 * apart as text; Parley's own have at most 13 and 10 digits (L2), and a wider sequence, which only a hand can have
 * written, counts as the greatest.
 */
export const POSITIONS_LUA = `
local MAX_MS, MAX_SEQ = 9999999999999, 9999999999

-- The parts of an id as exact numbers; nothing when it is none or its milliseconds are beyond what an id can hold.
local function position(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if not ms or #ms > 13 then return nil end
  return tonumber(ms), #seq > 10 and MAX_SEQ or tonumber(seq)
end

local function stream_id(ms, seq)
  return string.format('%d-%d', ms, seq)
end

-- The next position: the sequence counts on, and carries into the millisecond when it is full (L1).
local function following(ms, seq)
  if seq < MAX_SEQ then return ms, seq + 1 end
  return ms + 1, 0
end

local function is_after(ms, seq, other_ms, other_seq)
  return ms > other_ms or (ms == other_ms and seq > other_seq)
end

-- Milliseconds since 1970 by this server's clock.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The last id that the log has given out, whether its entry is still there or not; nothing without a log.
local function last_id(log)
  local info = redis.pcall('XINFO', 'STREAM', log)
  if info.err then return nil end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
`;
