-- Moves entries that aren't messages from the log to the dead letters (L10). Removes an entry from the log only after
-- its dead letter is written.
--
-- KEYS: the log, the dead letters.
-- ARGV: the group, the maximum number of dead letters, the time, then a position and a reason for each entry.
-- Answer: one text per entry: 'moved', 'gone' (the entry wasn't in the log any more), 'full' (there are too many dead
--   letters), or an error of Redis.

local log, dead_letters, group, max_letters = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])

local function move(id, reason)
  local entry = redis.call('XRANGE', log, id, id)[1]
  if entry then
    if redis.call('XLEN', dead_letters) >= max_letters then return 'full' end
    local added = redis.pcall('XADD', dead_letters, '*', 'position', id, 'reason', reason, 'at', ARGV[3],
      'entry', cjson.encode(entry[2]))
    if type(added) ~= 'string' then return added.err end
  end
  redis.call('XACK', log, group, id)
  redis.call('XDEL', log, id)
  return entry and 'moved' or 'gone'
end

local answer = {}
for i = 4, #ARGV, 2 do answer[#answer + 1] = move(ARGV[i], ARGV[i + 1]) end
return answer
