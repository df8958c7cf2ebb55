-- Removes read marks that are stored or mean nothing, each only if it has not moved since it was listed. Publishes stored
-- ones to the other user of a private conversation, even if they have moved: a mark that moves all the time would
-- otherwise never be heard (L27). Takes each one that is removed off its user's count: see raise_marks.lua.
--
-- KEYS: the marks, the users' shares.
-- ARGV: the prefix of the channels; '1' to publish; for each mark its user, the other user or '', and its stream id.
-- Payload: as that of raise_marks.lua.
-- Answer: the number of marks removed.

local marks, shares, prefix, must_publish, removed = KEYS[1], KEYS[2], ARGV[1], ARGV[2] == '1', 0
local is_counting = redis.call('EXISTS', shares) == 1

local function uncount(user)
  local held = tonumber(redis.call('HGET', shares, user) or '0')
  if held > 1 then redis.pcall('HINCRBY', shares, user, -1) else redis.pcall('HDEL', shares, user) end
end

for i = 3, #ARGV, 3 do
  local user, other, id = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local field = user .. ':' .. other
  if must_publish and other ~= '' and other ~= user then
    redis.call('PUBLISH', prefix .. other, id .. ' ' .. user .. ' ' .. other)
  end
  if redis.call('HGET', marks, field) == id then
    removed = removed + redis.call('HDEL', marks, field)
    if is_counting then uncount(user) end
  end
end
return removed
