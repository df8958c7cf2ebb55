-- Changes the hash of revocations (L26). A field is `t:user` or `b:user`, its value `number time`: see
-- packages/models/src/revocations/revocations.ts.

-- An entry that was deleted keeps its place for this long, so that no copy of it comes back.
local KEEP_DELETED_MS = 86400000

-- Removes the entries without effect. Tokens older than `oldest_token` aren't accepted anyway, in ms.
local function prune_revocations(hash, now, oldest_token)
  local all = redis.call('HGETALL', hash)
  for i = 1, #all, 2 do
    local number, time = string.match(all[i + 1], '^(%d+) (%d+)$')
    time = tonumber(time or 0)
    local is_over
    if time == 0 then is_over = tonumber(number or 0) / 1000 < now - KEEP_DELETED_MS
    elseif string.sub(all[i], 1, 2) == 'b:' then is_over = time < now
    else is_over = time < oldest_token end
    if is_over then redis.call('HDEL', hash, all[i]) end
  end
end

-- Applies a list of changes, each {field, number or '', time}. A change without a number is new: it gets the next number,
-- and of two times the later one counts, but the time 0 deletes. One with a number is a copy, which counts if its number
-- is greater. Returns the version of the hash, which is another one if anything has changed. Returns nil, and changes
-- nothing, if there would be more than `max` entries. Also returns the number of entries that were written.
--
-- PERSIST is the first write, because Redis refuses no further one for lack of memory: see append.lua.
local function change_revocations(meta, hash, nonce, changes, max, max_token_age)
  redis.call('PERSIST', hash)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local version = redis.call('HGET', meta, 'revocations') or ''
  local last = tonumber(string.match(version, '^%d+') or 0)
  local number = math.max(time[1] * 1000000 + time[2], last + 1)
  local written, added = {}, 0
  for _, change in ipairs(changes) do
    local held = redis.call('HGET', hash, change[1])
    local held_number, held_time = string.match(held or '0 0', '^(%d+) (%d+)$')
    held_number, held_time = tonumber(held_number or 0), tonumber(held_time or 0)
    local its_number, its_time = tonumber(change[2]), tonumber(change[3])
    if not its_number and its_time ~= 0 then its_time = math.max(its_time, held_time) end
    if its_number and its_number > held_number or not its_number and its_time ~= held_time then
      if not held and not its_number then added = added + 1 end
      written[#written + 1] = { change[1], its_number or math.max(number, held_number + 1), its_time }
    end
  end
  if added > 0 and redis.call('HLEN', hash) + added > max then
    prune_revocations(hash, now, now - max_token_age)
    if redis.call('HLEN', hash) + added > max then return nil end
  end
  if #written == 0 then return version, 0 end
  for _, entry in ipairs(written) do
    redis.call('HSET', hash, entry[1], string.format('%.0f %.0f', entry[2], entry[3]))
    last = math.max(last, entry[2])
  end
  version = string.format('%.0f-%s', last, nonce)
  redis.call('HSET', meta, 'revocations', version)
  return version, #written
end
