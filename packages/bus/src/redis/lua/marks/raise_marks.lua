-- @include positions
-- @include readonly_error
-- @include shares
--
-- Raises read marks that aren't stored yet, and publishes those that have grown (L27). Ids are compared as numbers: as
-- texts, 9-0 would come after 10-0. An id beyond the log's end counts as the end.
--
-- While the hash of marks is at least half full, each new mark counts for its user, who may hold at most a share of what is
-- free (shares.lua). Marks leave in any order, so each that leaves takes one off: see remove_marks.lua. Marks from before
-- count for nobody. So a count is never greater than what the user holds.
--
-- KEYS: the marks, the log, META, the users' shares.
-- ARGV: the most marks that may wait to be stored; the prefix of the channels; for each mark its user, its
--   conversation's other user or '', and its id as a stream id.
-- Payload: `id user other`.
-- Answer: {'ok', the number of marks, then for each mark 'kept', 'full' or 'share': the user has used up the share};
--   {'no-log'}; or the READONLY error of a replica.

-- A user may always hold so many marks while there is room. Equal to FLOOR_ENTRIES in sender-shares.ts.
local FLOOR_ENTRIES = 8
-- The counts expire this long after the last one was written.
local SHARES_KEPT_MS = 86400000

local refused = readonly_error(KEYS[3])
if refused then return refused end
local marks, shares, last = KEYS[1], KEYS[4], last_id(KEYS[2])
local end_ms, end_seq = position(last or '')
if not end_ms then return {'no-log'} end
local max, prefix = tonumber(ARGV[1]), ARGV[2]
local count = redis.call('HLEN', marks)
local answer = {'ok', count}
local is_within, is_forgotten, is_counted

-- Returns true if the mark may be written at this position: it is new, or lower until now.
local function is_growth(held, ms, seq)
  local held_ms, held_seq = position(held or '')
  return not held_ms or is_after(ms, seq, held_ms, held_seq)
end

local function has_share(user)
  if count * 2 < max then return true end
  is_within = is_within or share_functions().is_within
  return is_within(max, FLOOR_ENTRIES, count, tonumber(redis.call('HGET', shares, user) or '0'), 1)
end

-- Counts a new mark, or forgets all counts below half of the bound. A failed write of a count must not fail the script.
local function count_for(user)
  if count * 2 >= max then
    redis.pcall('HINCRBY', shares, user, 1)
    is_counted = true
  elseif not is_forgotten then
    redis.pcall('UNLINK', shares)
    is_forgotten = true
  end
  count = count + 1
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
  elseif not held and not has_share(user) then
    result = 'share'
  elseif is_growth(held, ms, seq) then
    local id = stream_id(ms, seq)
    redis.call('HSET', marks, field, id)
    redis.call('PUBLISH', prefix .. user, id .. ' ' .. user .. ' ' .. other)
    if not held then count_for(user) end
  end
  answer[#answer + 1] = result
end
if is_counted then redis.pcall('PEXPIRE', shares, SHARES_KEPT_MS) end
answer[2] = count
return answer
