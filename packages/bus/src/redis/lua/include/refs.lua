-- Remembers which message a ref was used for (L5). Works with a writer of add_entry.lua, and with the KEYS of append.lua.
--
-- There are three hashes, used in rotation. Each maps a digest of `(conversation, from, ref)` to a content digest
-- followed by the message's stream id. New refs are written to the current hash. When a hash has been current for
-- half a window, the next hash is emptied and becomes current, provided that all refs in it are older than a window.
-- So a ref is known for one window, and for at most half a window more. Deleting a whole hash costs less time and
-- memory than one key with an expiry for every ref. The hashes have no expiry, because a jump of the clock would end it.
--
-- Time here is the age clock: see ages.lua. The state hash has these fields:
--
-- - 'epoch': the log's epoch. Refs of another epoch belong to another log, so all are forgotten.
-- - 'turn': the index of the current hash.
-- - '0', '1', '2', 'given' and those of ages.lua: times.
-- - 'last': the log's time of the last write, and a note with which most calls need not read all of this: the ages at
--   which the current and the previous hash became current, and the sizes of the three hashes, newest first.
--
-- Earlier versions may run beside this one during an upgrade: see ref_state.lua. Whenever they write to a hash or rotate,
-- they write 'last' without a note. So a note is never out of date, except that the current hash grows.

-- The age clock is written only if the server's time has changed by this much since it was written.
local SAVE_AFTER_MS = 500
-- More refs than Redis can add in this time. If the limit is further away, nobody asks for the current hash's exact size.
local MANY_REFS = 1000000

-- Returns the key of a hash of refs. `back` is 0 for the current one, 1 for the previous one, 2 for the oldest one,
-- which is also the next one. KEYS[3] is the state and KEYS[4] to KEYS[6] are the three hashes.
local function hash_of(refs, back)
  return KEYS[4 + (refs.turn - back) % 3]
end

-- Creates the functions that read and write the whole state, which few calls need.
local function state_functions()
  -- @include ref_state
  return { read = read_state, write = write_state }
end

-- Reads the state and writes nothing. `window` is in milliseconds, and `max_refs` is the limit of refs. In the result,
-- `age` is the time of the age clock, and `count` is the number of refs that are remembered. Far from the limit, the
-- count may be SAVE_AFTER_MS old.
local function open_refs(writer, window, max_refs)
  local refs = { writer = writer, window = window, turn = 0, age = 0, count = 0, size = 0, previous_size = 0, oldest_size = 0,
    must_rotate = false, state = nil, new = {} }
  local state = redis.pcall('HMGET', KEYS[3], 'epoch', 'turn', 'clock', 'last')
  local is_ours = not state.err and state[1] == writer.totals.epoch
  if is_ours then
    refs.turn = tonumber(state[2])
    local current_began, previous_began, size, previous_size, oldest_size =
      string.match(state[4] or '', '^%d+ (%d+) (%d+) (%d+) (%d+) (%d+)$')
    local seen, age = string.match(state[3] or '', '^(%d+) (%d+)$')
    local passed = size and seen and writer.now - seen
    -- The note is enough if the clock was written lately and no rotation is due.
    if passed and passed >= 0 and passed < SAVE_AFTER_MS then
      refs.age = age + passed
      if refs.age - previous_began < window or refs.age - current_began < window / 2 then
        refs.size, refs.previous_size, refs.oldest_size = tonumber(size), tonumber(previous_size), tonumber(oldest_size)
        refs.count = refs.size + refs.previous_size + refs.oldest_size
        if (refs.count + MANY_REFS) * 2 < max_refs then return refs end
      end
    end
  end
  refs.state = state_functions()
  refs.state.read(refs, is_ours)
  return refs
end

-- Returns a table from each known ref digest to its value: the content digest followed by the stream id.
local function find_refs(refs, digests)
  local found = {}
  if #digests == 0 then return found end
  -- Newest hash first. After a message was appended again (L13), an older hash may still have its old id.
  for back = 0, refs.must_rotate and 1 or 2 do
    if back == 0 or (back == 1 and refs.previous_size or refs.oldest_size) > 0 then
      local values = redis.pcall('HMGET', hash_of(refs, back), unpack(digests))
      for i, digest in ipairs(digests) do
        if values[i] and not found[digest] then found[digest] = values[i] end
      end
    end
  end
  return found
end

-- Adds a ref to those that `close_refs` writes.
local function remember(refs, digest, value)
  local new = refs.new
  new[#new + 1] = digest
  new[#new + 1] = value
end

-- Writes the refs that were passed to `remember`, and the state if that is due. Call this only after the refs' entries are
-- in the log: see append.lua.
local function close_refs(refs)
  if refs.state then refs.state.write(refs) end
  if #refs.new == 0 then return end
  local key = hash_of(refs, 0)
  -- A key of another type in the hash's place is replaced.
  if type(redis.pcall('HSET', key, unpack(refs.new))) == 'number' then return end
  redis.call('UNLINK', key)
  redis.call('HSET', key, unpack(refs.new))
end
