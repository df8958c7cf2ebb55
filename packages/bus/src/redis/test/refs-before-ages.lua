-- refs.lua of the version before the age clock, adapted to today's append.lua: the caller's time is the server's, and
-- the age is the log's time. For tests of an upgrade, in which both versions run beside each other.

-- A hash of refs expires this time, and one and a half windows more, after its last write. The time is longer than any
-- jump of a clock.
local UNUSED_MS = 86400000

-- Returns true if the next hash must be emptied and become the current one. The next hash got its last ref before the
-- hash after it (`turn + 2`) became current. If that was a window ago, all refs in the next hash are older than that.
local function is_rotation_due(refs)
  local function since(turn) return refs.now - refs.began[turn % 3 + 1] end
  return since(refs.turn) >= refs.window / 2 and since(refs.turn + 2) >= refs.window
end

-- Reads the state and writes nothing. `window` is in milliseconds, and
-- `caller_ms` is the time by the caller's clock. In the result, `count` is the number of refs that are remembered.
local function open_refs(writer, window)
  local keys = { unpack(KEYS, 3, 6) }
  local caller_ms = writer.now
  local refs = { keys = keys, window = window, now = math.max(writer.now, writer.ms), caller_ms = caller_ms,
    epoch = writer.totals.epoch, turn = 0, began = { 0, 0, 0 }, count = 0, hashes = {}, wrong_type = {}, new = {} }
  refs.age = refs.now
  local state = redis.pcall('HMGET', keys[1], 'epoch', 'turn', '0', '1', '2', 'last', 'given')
  local function is_silent(now, last) return last and now - last >= window * 1.5 end
  local last_caller_ms = tonumber(not state.err and state[7])
  if state.err or state[1] ~= refs.epoch
    or is_silent(refs.now, tonumber(state[6])) and is_silent(caller_ms, last_caller_ms) then
    refs.must_reset, refs.must_rotate = true, true
    return refs
  end
  -- Keep the latest time of all callers. If a caller's clock is behind, the next caller must not see a period without
  -- writes where there was none.
  refs.caller_ms = math.max(caller_ms, last_caller_ms or caller_ms)
  refs.turn, refs.began = tonumber(state[2]), { tonumber(state[3]), tonumber(state[4]), tonumber(state[5]) }
  refs.must_rotate = is_rotation_due(refs)
  -- Newest hash first. After a message was appended again (L13), an older hash may still have its old id.
  for back = 0, refs.must_rotate and 1 or 2 do
    local name = keys[2 + (refs.turn - back) % 3]
    local count = redis.pcall('HLEN', name)
    if type(count) ~= 'number' then
      refs.wrong_type[#refs.wrong_type + 1] = name
    elseif count > 0 then
      refs.hashes[#refs.hashes + 1] = name
      refs.count = refs.count + count
    end
  end
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

-- Writes the refs that were passed to `remember`. Call this only after their entries are in the log: see append.lua.
local function close_refs(refs)
  if #refs.new == 0 then return end
  local keys = refs.keys
  if refs.must_reset then redis.call('UNLINK', unpack(keys)) end
  for _, name in ipairs(refs.wrong_type) do redis.call('UNLINK', name) end
  if refs.must_rotate then
    refs.turn = (refs.turn + 1) % 3
    refs.began[refs.turn + 1] = refs.now
    redis.call('UNLINK', keys[2 + refs.turn])
    redis.call('HSET', keys[1], 'epoch', refs.epoch, 'turn', refs.turn, '0', string.format('%d', refs.began[1]),
      '1', string.format('%d', refs.began[2]), '2', string.format('%d', refs.began[3]))
  end
  redis.call('HSET', keys[1], 'last', string.format('%d', refs.now), 'given', string.format('%d', refs.caller_ms))
  local name = keys[2 + refs.turn]
  redis.call('HSET', name, unpack(refs.new))
  redis.call('PEXPIRE', name, math.floor(refs.window * 1.5) + UNUSED_MS)
end
