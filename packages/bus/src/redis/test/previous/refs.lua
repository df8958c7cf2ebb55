-- @include ages
--
-- Remembers which message a ref was used for (L5). Works with a writer of add_entry.lua.
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
-- - '0', '1', '2', 'last', 'given' and those of ages.lua: times.
--
-- Versions before the age clock may run beside this one during an upgrade. They rotate the same hashes by the log's
-- time: '0', '1' and '2' are the times at which each hash became current, 'last' is the time of the last write, both by
-- the log's time. They forget all refs after a silence that 'last' and 'given' both show, so 'given' is NEVER_SILENT.

local NEVER_SILENT = '9999999999999'

-- Returns true if the next hash must be emptied and become the current one. The next hash got its last ref before the
-- hash after it (`turn + 2`) became current. If that was a window ago, all refs in the next hash are older than that.
local function is_rotation_due(refs)
  local function since(turn) return refs.age - refs.ages[turn % 3 + 1] end
  return since(refs.turn) >= refs.window / 2 and since(refs.turn + 2) >= refs.window
end

-- Reads the state and writes nothing. `keys` are the state hash and the three hashes, and `window` is in milliseconds. In
-- the result, `count` is the number of refs that are remembered, and `age` is the time of the age clock.
local function open_refs(keys, writer, window)
  local refs = { keys = keys, window = window, log_ms = math.max(writer.now, writer.ms), clock_ms = writer.now,
    epoch = writer.totals.epoch, turn = 0, began = { 0, 0, 0 }, ages = { 0, 0, 0 }, count = 0, hashes = {},
    wrong_type = {}, new = {} }
  refs.age = refs.log_ms
  local state = redis.pcall('HMGET', keys[1], 'epoch', 'turn', '0', '1', '2', unpack(AGE_FIELDS))
  if state.err or state[1] ~= refs.epoch then
    refs.must_reset, refs.must_rotate = true, true
    return refs
  end
  refs.turn, refs.began = tonumber(state[2]), { tonumber(state[3]), tonumber(state[4]), tonumber(state[5]) }
  read_ages(refs, { unpack(state, 6) })
  refs.must_rotate = is_rotation_due(refs)
  local total = 0
  -- Newest hash first. After a message was appended again (L13), an older hash may still have its old id.
  for back = 0, 2 do
    local name = keys[2 + (refs.turn - back) % 3]
    local count = redis.pcall('HLEN', name)
    if type(count) ~= 'number' then
      refs.wrong_type[#refs.wrong_type + 1] = name
    elseif count > 0 then
      total = total + count
      if back < 2 or not refs.must_rotate then
        refs.hashes[#refs.hashes + 1] = name
        refs.count = refs.count + count
      end
    end
  end
  -- Without refs there is nothing to forget, so an idle log needs no clock.
  refs.must_save_age = refs.is_age_unsaved and total > 0
  return refs
end

-- Returns a table from each known ref digest to its value: the content digest followed by the stream id.
local function find_refs(refs, digests)
  local found = {}
  if #digests == 0 then return found end
  for _, name in ipairs(refs.hashes) do
    local values = redis.call('HMGET', name, unpack(digests))
    for i, digest in ipairs(digests) do
      if values[i] and not found[digest] then found[digest] = values[i] end
    end
  end
  return found
end

-- Adds a ref to those that `close_refs` writes.
local function remember(refs, digest, value)
  refs.new[#refs.new + 1] = digest
  refs.new[#refs.new + 1] = value
end

-- Makes the next hash the current one. `run` is redis.call or redis.pcall.
local function rotate(refs, run)
  refs.turn = (refs.turn + 1) % 3
  refs.began[refs.turn + 1], refs.ages[refs.turn + 1] = refs.log_ms, refs.age
  run('UNLINK', refs.keys[2 + refs.turn])
end

-- Writes the refs that were passed to `remember`, and the age clock. Call this only after the refs' entries are in the
-- log: see append.lua. Without new refs, writes only what is due, and ignores an error: the next call writes it.
local function close_refs(refs)
  local has_new = #refs.new > 0
  if not has_new and not refs.must_save_age then return end
  local run = has_new and redis.call or redis.pcall
  local keys, began = refs.keys, refs.began
  if refs.must_reset then run('UNLINK', unpack(keys)) end
  for _, name in ipairs(refs.wrong_type) do run('UNLINK', name) end
  if refs.must_rotate then rotate(refs, run) end
  if refs.must_rotate or refs.are_ages_unsaved then
    run('HSET', keys[1], 'epoch', refs.epoch, 'turn', refs.turn, '0', string.format('%d', began[1]),
      '1', string.format('%d', began[2]), '2', string.format('%d', began[3]), 'given', NEVER_SILENT, unpack(age_marks(refs)))
  end
  run('HSET', keys[1], 'last', string.format('%d', refs.log_ms), 'clock', age_clock(refs))
  if has_new then redis.call('HSET', keys[2 + refs.turn], unpack(refs.new)) end
end
