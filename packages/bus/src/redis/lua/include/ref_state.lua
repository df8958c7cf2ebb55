-- @include ages
--
-- Reads and writes the whole state of the refs: see refs.lua, which creates these functions in the calls that need them.
--
-- Versions before the age clock rotate the hashes by the log's time: '0', '1' and '2' are the times at which each hash
-- became current. They forget all refs after a silence that 'last' and 'given' both show, so 'given' is NEVER_SILENT.

local NEVER_SILENT = '9999999999999'

-- Returns the ages at which the current and the previous hash became current.
local function rotation_ages(refs)
  return refs.ages[refs.turn + 1], refs.ages[(refs.turn + 2) % 3 + 1]
end

-- Returns true if the next hash must be emptied and become the current one. The next hash got its last ref before the
-- previous one became current. If that was a window ago, all refs in the next hash are older than that.
local function is_rotation_due(refs)
  local current_began, previous_began = rotation_ages(refs)
  return refs.age - current_began >= refs.window / 2 and refs.age - previous_began >= refs.window
end

-- Reads the state, unless it belongs to another log, and asks each hash for its size.
local function read_state(refs, is_ours)
  if not is_ours then
    refs.must_reset, refs.must_rotate, refs.count = true, true, 0
    refs.age, refs.began, refs.ages = refs.writer.ms, { 0, 0, 0 }, { 0, 0, 0 }
    return
  end
  local state = redis.call('HMGET', KEYS[3], '0', '1', '2', unpack(AGE_FIELDS))
  refs.began = { tonumber(state[1]), tonumber(state[2]), tonumber(state[3]) }
  read_ages(refs, { unpack(state, 4) })
  refs.must_rotate = is_rotation_due(refs)
  local sizes = {}
  for back = 0, 2 do sizes[back] = tonumber(redis.pcall('HLEN', hash_of(refs, back))) or 0 end
  refs.size, refs.previous_size, refs.oldest_size = sizes[0], sizes[1], sizes[2]
  refs.count = sizes[0] + sizes[1] + (refs.must_rotate and 0 or sizes[2])
end

-- Makes the next hash the current one. `run` is redis.call or redis.pcall.
local function rotate(refs, run)
  refs.turn, refs.size, refs.previous_size, refs.oldest_size = (refs.turn + 1) % 3, 0, refs.size, refs.previous_size
  refs.began[refs.turn + 1], refs.ages[refs.turn + 1] = refs.writer.ms, refs.age
  run('UNLINK', hash_of(refs, 0))
end

-- Writes the state if there are new refs or the age clock is due. Without new refs, ignores an error: the next call
-- writes the state.
local function write_state(refs)
  local has_new, writer = #refs.new > 0, refs.writer
  -- Without refs there is nothing to forget, so an idle log needs no clock.
  local is_idle = refs.size + refs.previous_size + refs.oldest_size == 0 and writer.added == 0
  if not has_new and (is_idle or not refs.is_age_unsaved) then return end
  local run = has_new and redis.call or redis.pcall
  if refs.must_reset then run('UNLINK', unpack(KEYS, 3, 6)) end
  if refs.must_rotate then rotate(refs, run) end
  local current_began, previous_began = rotation_ages(refs)
  local note = string.format('%d %d %d %d %d %d', writer.ms, current_began, previous_began,
    refs.size + #refs.new / 2, refs.previous_size, refs.oldest_size)
  run('HSET', KEYS[3], 'epoch', writer.totals.epoch, 'turn', refs.turn, '0', refs.began[1], '1', refs.began[2],
    '2', refs.began[3], 'given', NEVER_SILENT, 'last', note, unpack(age_fields(refs)))
end
