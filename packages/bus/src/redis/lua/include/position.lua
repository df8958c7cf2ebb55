-- A stream id consists of two numbers: milliseconds and a sequence number. Either may be larger than a Lua number can be
-- exactly (2^53), so ids are split as text. In Parley's own ids the numbers have at most 13 and 10 digits (L2). A longer
-- sequence number can only come from a manual XADD and is read as MAX_SEQ.

local MAX_MS = 9999999999999
local MAX_SEQ = 9999999999

-- Returns the two numbers of an id, or nil if `id` isn't a stream id or its milliseconds exceed MAX_MS.
local function position(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if not ms or #ms > 13 then return nil end
  return tonumber(ms), #seq > 10 and MAX_SEQ or tonumber(seq)
end
