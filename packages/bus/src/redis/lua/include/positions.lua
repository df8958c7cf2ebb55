-- @include position
--
-- Functions that calculate with stream ids.

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
