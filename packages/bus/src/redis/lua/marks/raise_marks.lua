-- @include positions
-- @include readonly_error
--
-- Raises read marks that aren't stored yet, and publishes those that have grown (L27). Ids are compared as numbers: as
-- texts, 9-0 would come after 10-0. An id beyond the log's end counts as the end.
--
-- KEYS: the marks, the log, META.
-- ARGV: the most marks that may wait to be stored; the prefix of the channels; for each mark its user, its
--   conversation's other user or '', and its id as a stream id.
-- Payload: `id user other`.
-- Answer: {'ok', the number of marks, then for each mark 'kept' or 'full'}; {'no-log'}; or the READONLY error of a replica.

local refused = readonly_error(KEYS[3])
if refused then return refused end
local marks, last = KEYS[1], last_id(KEYS[2])
local end_ms, end_seq = position(last or '')
if not end_ms then return {'no-log'} end
local max, prefix = tonumber(ARGV[1]), ARGV[2]
local count = redis.call('HLEN', marks)
local answer = {'ok', count}

-- Returns true if the mark may be written at this position: it is new, or lower until now.
local function is_growth(held, ms, seq)
  local held_ms, held_seq = position(held or '')
  return not held_ms or is_after(ms, seq, held_ms, held_seq)
end

for i = 3, #ARGV, 3 do
  local user, other = ARGV[i], ARGV[i + 1]
  local ms, seq = position(ARGV[i + 2])
  if is_after(ms, seq, end_ms, end_seq) then ms, seq = end_ms, end_seq end
  local field = user .. ':' .. other
  local held = redis.call('HGET', marks, field)
  local result = 'kept'
  if not held and count >= max then
    result = 'full'
  elseif is_growth(held, ms, seq) then
    local id = stream_id(ms, seq)
    redis.call('HSET', marks, field, id)
    redis.call('PUBLISH', prefix .. user, id .. ' ' .. user .. ' ' .. other)
    if not held then count = count + 1 end
  end
  answer[#answer + 1] = result
end
answer[2] = count
return answer
