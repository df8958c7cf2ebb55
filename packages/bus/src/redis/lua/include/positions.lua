-- Functions that calculate with stream ids. An id consists of two numbers: milliseconds and a sequence number. Either
-- may be larger than a Lua number can be exactly (2^53), so ids are split as text. In Parley's own ids the numbers have
-- at most 13 and 10 digits (L2). A longer sequence number can only come from a manual XADD and is read as MAX_SEQ.

local MAX_MS = 9999999999999
local MAX_SEQ = 9999999999

-- Returns the two numbers of an id, or nil if `id` isn't a stream id or its milliseconds exceed MAX_MS.
local function position(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if not ms or #ms > 13 then return nil end
  return tonumber(ms), #seq > 10 and MAX_SEQ or tonumber(seq)
end

local function stream_id(ms, seq)
  return string.format('%d-%d', ms, seq)
end

-- Returns the next position: the next sequence number, or the next millisecond if the sequence is used up (L1).
local function following(ms, seq)
  if seq < MAX_SEQ then return ms, seq + 1 end
  return ms + 1, 0
end

local function is_after(ms, seq, other_ms, other_seq)
  return ms > other_ms or (ms == other_ms and seq > other_seq)
end

-- Returns the server's time in milliseconds since 1970.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Returns the last id that the log assigned, even if the entry with that id is gone, or nil if there is no log.
local function last_id(log)
  local info = redis.pcall('XINFO', 'STREAM', log)
  if info.err then return nil end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
