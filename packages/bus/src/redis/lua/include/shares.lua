-- Counts each sender's part of a limited space, the backlog (L7) or the refs (L5), while the space is at least half
-- full. A sender may then hold at most a share of the free space. So one sender can't fill the space for all others.
--
-- A hash has these fields:
--
-- - 'epoch': the log's epoch.
-- - 'ends': the position at which all counts are forgotten. Nothing that was counted leaves the space before this
--   position, so no sender is ever refused for more than it holds. The position of the backlog is the number of entries
--   stored in total. The position of the refs is the age clock (ages.lua).
-- - For each sender, the entries and bytes that the sender has added. The field's name is the sender's name as JSON
--   text, whose quotes distinguish it from 'epoch' and 'ends'.
--
-- A lost hash, a hash of another epoch and a hash with too many senders are treated as empty. The writes use pcall,
-- because a failed write of a count must not fail a script whose entries are in the log already.

-- A sender may hold 1/SHARES of the free space. Equal to SHARES in sender-shares.ts.
local SHARES = 8
-- If the hash has more senders than this, all counts are forgotten. This bounds the size of the hash.
local MAX_SENDERS = 100000
-- A hash expires this long after the counting began, unless 'ends' is reached before.
local SHARES_KEPT_MS = 86400000

-- Returns a table with the functions that count shares. They are created here because most calls don't need them:
-- Redis would otherwise create them in every call of the script.
local function share_functions()
  local shared = {}

  -- Returns true if a sender that holds `held` may add `size` to a space of which `used` of `bound` is taken. `floor`
  -- is an amount that every sender may hold while there is room. Equal to `isWithinShare` in sender-shares.ts.
  function shared.is_within(bound, floor, used, held, size)
    if used * 2 < bound or held == 0 then return true end
    return held + size <= math.max(floor, (bound - used) / SHARES)
  end

  -- Returns the name of a body's sender as JSON text. A body begins with `"from":"<name>","to":` (see encodeBody in
  -- packages/models). JSON escapes quotes, so the first `","to":` is the end of the name.
  function shared.sender_of(body)
    local quote = string.find(body, '","to":', 9, true)
    return string.sub(body, 8, quote or 8)
  end

  -- Reads the counts of `senders`. Writes nothing.
  function shared.open(key, epoch, senders)
    local shares = { key = key, epoch = epoch, counts = {}, changed = {} }
    local values = redis.pcall('HMGET', key, 'epoch', 'ends', unpack(senders))
    local size = redis.pcall('HLEN', key)
    local is_usable = not values.err and values[1] == epoch and type(size) == 'number' and size <= MAX_SENDERS
    shares.ends = is_usable and tonumber(values[2]) or nil
    shares.must_reset = not shares.ends
    if shares.must_reset then return shares end
    for i, sender in ipairs(senders) do
      local entries, bytes = string.match(values[i + 2] or '', '^(%d+) (%d+)$')
      if entries then shares.counts[sender] = { entries = tonumber(entries), bytes = tonumber(bytes) } end
    end
    return shares
  end

  -- Forgets all counts if the space's position has reached `ends`. The next counts are forgotten at `next_ends`.
  function shared.forget_passed(shares, position, next_ends)
    if shares.ends and position < shares.ends then return end
    shares.must_reset, shares.ends, shares.counts, shares.changed = true, next_ends, {}, {}
  end

  -- Returns the entries and bytes counted for `sender`, which must be one of the senders passed to `open`.
  function shared.count_of(shares, sender)
    local count = shares.counts[sender]
    if not count then return 0, 0 end
    return count.entries, count.bytes
  end

  function shared.add(shares, sender, size)
    local entries, bytes = shared.count_of(shares, sender)
    local count = { entries = entries + 1, bytes = bytes + size }
    shares.counts[sender], shares.changed[sender] = count, count
  end

  -- Writes the counts that changed. Call this only after the entries are in the log: see append.lua.
  function shared.close(shares)
    if not next(shares.changed) then return end
    local fields = {}
    if shares.must_reset then
      redis.pcall('UNLINK', shares.key)
      fields = { 'epoch', shares.epoch, 'ends', string.format('%d', shares.ends) }
    end
    for sender, count in pairs(shares.changed) do
      fields[#fields + 1] = sender
      fields[#fields + 1] = string.format('%d %d', count.entries, count.bytes)
    end
    redis.pcall('HSET', shares.key, unpack(fields))
    if shares.must_reset then redis.pcall('PEXPIRE', shares.key, SHARES_KEPT_MS) end
  end

  return shared
end
