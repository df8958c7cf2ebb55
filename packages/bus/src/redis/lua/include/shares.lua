-- Counts what each sender holds of a limited space, the backlog (L7) or the refs (L5), while the space is at least half
-- full. A sender may then hold at most a share of what is left, so that one sender can't fill the space for all others.
--
-- A hash has the log's epoch, a field for each sender with the entries and bytes that the sender has added, and
-- 'ends': the position at which nothing is left of what the space held when the counting began. At `ends` all counts
-- are forgotten. So a count never includes what has left the space, and a sender is never refused for more than it
-- holds. A sender's field is its name as JSON text: the quotes distinguish it from the other two fields.
--
-- A lost hash, a hash of another epoch and one with too many senders count as empty. The writes use pcall: a count
-- that isn't written must not fail a script whose entries are in the log.

-- A sender may hold one part in SHARES of what is left. Equal to SHARES in sender-shares.ts.
local SHARES = 8
-- With more senders than this all counts are forgotten, which bounds the size of the hash.
local MAX_SENDERS = 100000
-- A hash expires this long after the counting began, if its end doesn't come before.
local SHARES_KEPT_MS = 86400000

-- Returns the functions that count shares. They are made here and not with the script, which makes its functions anew
-- in each call, because most calls don't need them.
local function share_functions()
  local shared = {}

  -- Returns true if a sender that holds `held` may add `size` to a space of which `used` of `bound` is taken. `floor`
  -- is an amount that every sender may hold while there is room. Equal to `isWithinShare` in sender-shares.ts.
  function shared.is_within(bound, floor, used, held, size)
    if used * 2 < bound or held == 0 then return true end
    return held + size <= math.max(floor, (bound - used) / SHARES)
  end

  -- Returns the sender of a body as JSON text. A body begins with `"from":"<name>","to":`, see encodeBody in
  -- packages/models. JSON escapes quotes, so the first `","to":` is the end of the name.
  function shared.sender_of(body)
    local quote = string.find(body, '","to":', 9, true)
    return string.sub(body, 8, quote or 8)
  end

  -- Reads the counts of these senders. Writes nothing.
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

  -- Forgets all counts if the space has moved on to `ends`. New counts end at `next_ends`.
  function shared.forget_passed(shares, position, next_ends)
    if shares.ends and position < shares.ends then return end
    shares.must_reset, shares.ends, shares.counts, shares.changed = true, next_ends, {}, {}
  end

  -- Returns the entries and bytes counted for one of the senders that `open` got.
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
