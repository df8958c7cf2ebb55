-- Moves a log that is still under former names of this installation to its present names (L38).
--
-- A log moves with everything that belongs to it, in one script: entries that aren't stored, the consumer group with
-- its pending entries, refs, totals and dead letters. In the log's former place stays a text. Processes that use the
-- former names then find no log. Without the text, such a persister would create a second log there.

-- The keys of one place in Redis: the log, META, the ref state, three ref hashes, two hashes of shares, the revocations, the
-- read marks, the shares of them, dead letters.
local KEYS_EACH = 12
local REVOCATIONS = 9
local MARKS = 10
local MARKS_SHARES = 11
-- A group whose consumers have been silent for this long isn't in use. A running consumer reads every second.
local IN_USE_MS = 10000

-- Returns the keys of a place, from KEYS. Place 0 is the present one.
local function keys_of(place)
  return { unpack(KEYS, 1 + place * KEYS_EACH, (place + 1) * KEYS_EACH) }
end

local function type_of(key)
  return redis.call('TYPE', key).ok
end

local function is_in_use(log, group)
  local infos = redis.pcall('XINFO', 'CONSUMERS', log, group)
  if infos.err then return false end
  for _, info in ipairs(infos) do
    for i = 1, #info, 2 do
      if info[i] == 'idle' and info[i + 1] < IN_USE_MS then return true end
    end
  end
  return false
end

local function notice_of(keys)
  return 'moved to ' .. keys[1]
end

-- The first write can be refused for lack of memory, and then no persister could drain the log any more. PERSIST can't,
-- and Redis checks only a script's first write. The text is written before anything is moved: if that isn't permitted,
-- nothing has happened.
local function move(from, to, notice_key)
  redis.call('PERSIST', from[1])
  redis.call('SET', notice_key, notice_of(to))
  for i = 1, KEYS_EACH - 1 do
    if redis.call('EXISTS', from[i]) == 1 then redis.call('RENAME', from[i], to[i]) else redis.call('UNLINK', to[i]) end
  end
  -- Present dead letters aren't overwritten, because nothing else has them.
  local dead_letters = from[KEYS_EACH]
  if redis.call('EXISTS', dead_letters) == 1 then redis.call('RENAMENX', dead_letters, to[KEYS_EACH]) end
  redis.call('RENAME', notice_key, from[1])
end

-- Looks for this installation's log in its former places, and moves the first one that it finds. `places` is a list of
-- tables with `tag` and `is_certain`. Returns a table: `moved`, the tag of the log that was moved; `unproven`, the tag of
-- a log that may be another installation's and was left alone; `problem`, a reason why a log can't be moved now.
local function take_over(group, store, places, notice_key)
  local found = {}
  for number, place in ipairs(places) do
    local keys = keys_of(number)
    if type_of(keys[1]) == 'stream' then
      local its_store = redis.pcall('HGET', keys[2], 'store')
      local is_proven = store ~= '' and its_store == store
      if is_proven and not place.is_certain and is_in_use(keys[1], group) then
        found.problem = 'persisters without this namespace still store the log ' .. keys[1]
          .. ' in the same store: stop them, unless this store is a copy of theirs (see Names in Redis in docs/operating.md)'
        return found
      end
      if place.is_certain or is_proven then
        move(keys, keys_of(0), notice_key)
        found.moved = place.tag
        return found
      end
      if not its_store then found.unproven = found.unproven or place.tag end
    end
  end
  return found
end

-- Leaves the text in a former place that is certainly this installation's, so that no process of an earlier version
-- creates a log there. Call this after a log was created: by then Redis doesn't refuse a write.
local function leave_notices(places)
  for number, place in ipairs(places) do
    local log = keys_of(number)[1]
    if place.is_certain and type_of(log) == 'none' then redis.call('SET', log, notice_of(keys_of(0))) end
  end
end
