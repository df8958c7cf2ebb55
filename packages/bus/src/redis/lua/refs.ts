/** What nobody writes to any more ends by itself: later than any clock jumps. */
const LEFT_ALONE_MS = 86_400_000;

/**
 * Lua: what the log remembers of refs (L5). Needs a writer of ADD_LUA.
 *
 * Three hashes take turns, each from a digest of `(conversation, from, ref)` to a digest of the content and the id.
 * One gets what is new. When it has done so for half a window, and the next to be emptied has been left alone for a
 * whole one, that is emptied and takes its turn: so a ref is known for the window, and for half of one more at most.
 * A hash goes at once and as a whole, which costs less than a key with an end of its own for every ref, in time and
 * in memory.
 *
 * `refs.state` says which of the three is whose turn it is and when each began, in the log's own time, which never
 * goes back. Another epoch there means: these are the refs of another log, and no promise of this one. After a silence
 * of one and a half windows all are forgotten. A silence is one by the log's time and by that of the gateways, which
 * give theirs along: a clock that jumps ahead takes away nothing that a sender may be about to send again (F17).
 */
export const REFS_LUA = `
-- Whether the next is to be emptied and takes its turn. What it holds is older than the window then.
local function is_next_due(refs)
  local function since(turn) return refs.now - refs.began[turn % 3 + 1] end
  return since(refs.turn) >= refs.window / 2 and since(refs.turn + 2) >= refs.window
end

-- keys: the state, then the three hashes; given: the caller's clock. Reads alone.
local function open_refs(keys, writer, window, given)
  local refs = { keys = keys, window = window, now = math.max(writer.now, writer.ms),
    given = given, epoch = writer.totals.epoch, turn = 0, began = { 0, 0, 0 }, held = 0, alive = {}, broken = {}, made = {} }
  local found = redis.pcall('HMGET', keys[1], 'epoch', 'turn', '0', '1', '2', 'last', 'given')
  local function silent(now, last) return last and now - last >= window * 1.5 end
  local last_given = tonumber(not found.err and found[7])
  if found.err or found[1] ~= refs.epoch or silent(refs.now, tonumber(found[6])) and silent(given, last_given) then
    refs.is_other, refs.is_due = true, true
    return refs
  end
  -- Of several callers' clocks the one that is ahead: one that is behind is no sign of a silence.
  refs.given = math.max(given, last_given or given)
  refs.turn, refs.began = tonumber(found[2]), { tonumber(found[3]), tonumber(found[4]), tonumber(found[5]) }
  refs.is_due = is_next_due(refs)
  -- Newest first: a message that was appended again has its new id there (L13).
  for back = 0, refs.is_due and 1 or 2 do
    local name = keys[2 + (refs.turn - back) % 3]
    local count = redis.pcall('HLEN', name)
    if type(count) ~= 'number' then
      refs.broken[#refs.broken + 1] = name
    elseif count > 0 then
      refs.alive[#refs.alive + 1] = name
      refs.held = refs.held + count
    end
  end
  return refs
end

-- What the digests given stand for: for each the content's digest and the id, or nothing.
local function look_up(refs, digests)
  local known = {}
  if #digests == 0 then return known end
  for _, name in ipairs(refs.alive) do
    local values = redis.call('HMGET', name, unpack(digests))
    for i, digest in ipairs(digests) do
      if values[i] and not known[digest] then known[digest] = values[i] end
    end
  end
  return known
end

local function remember(refs, digest, value)
  refs.made[#refs.made + 1] = digest
  refs.made[#refs.made + 1] = value
end

-- Writes what is to be remembered. Only after an entry was written: see the script that appends.
local function close_refs(refs)
  if #refs.made == 0 then return end
  local keys = refs.keys
  if refs.is_other then redis.call('UNLINK', unpack(keys)) end
  for _, name in ipairs(refs.broken) do redis.call('UNLINK', name) end
  if refs.is_due then
    refs.turn = (refs.turn + 1) % 3
    refs.began[refs.turn + 1] = refs.now
    redis.call('UNLINK', keys[2 + refs.turn])
    redis.call('HSET', keys[1], 'epoch', refs.epoch, 'turn', refs.turn, '0', string.format('%d', refs.began[1]),
      '1', string.format('%d', refs.began[2]), '2', string.format('%d', refs.began[3]))
  end
  redis.call('HSET', keys[1], 'last', string.format('%d', refs.now), 'given', string.format('%d', refs.given))
  local name = keys[2 + refs.turn]
  redis.call('HSET', name, unpack(refs.made))
  redis.call('PEXPIRE', name, math.floor(refs.window * 1.5) + ${LEFT_ALONE_MS})
end
`;
