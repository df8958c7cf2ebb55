-- @include backlog
-- @include shares
--
-- Decides for each draft of a call if there is room for it, and if its sender stays within its shares of the backlog (L7)
-- and of the refs (L5). Works with the KEYS and ARGV of append.lua, which includes this file only in the calls that need
-- it: once a bound is at least half used, and if Redis is out of memory.

-- The amounts that a sender may always hold while there is room. Equal to those in sender-shares.ts.
local FLOOR_ENTRIES = 8
local FLOOR_BYTES = 65536

-- Returns a table with the functions below. A script calls this only when a bound is at least half used: see
-- shares.lua. `call` is a table with: log and group; totals, from the writer of add_entry.lua; refs, from
-- `open_refs`; max_entries, max_bytes and max_refs; backlog_key and refs_key, the keys of the two hashes of
-- shares.lua; first_body, the index of the first draft's body in ARGV; and step, the number of arguments per draft.
local function open_sender_limits(call)
  local shared = share_functions()
  local limits, totals, refs = {}, call.totals, call.refs
  local backlog_shares, refs_shares, has_refreshed

  local function open(key)
    local senders, seen = {}, {}
    for at = call.first_body, #ARGV, call.step do
      local sender = shared.sender_of(ARGV[at])
      if not seen[sender] then
        seen[sender] = true
        senders[#senders + 1] = sender
      end
    end
    return shared.open(key, totals.epoch, senders)
  end

  local function is_within_backlog_share(sender, size)
    local used_entries, used_bytes = totals.entries - totals.storedEntries, totals.bytes - totals.storedBytes
    if used_entries * 2 < call.max_entries and used_bytes * 2 < call.max_bytes then return true end
    backlog_shares = backlog_shares or open(call.backlog_key)
    shared.forget_passed(backlog_shares, totals.storedEntries, totals.entries)
    local entries, bytes = shared.count_of(backlog_shares, sender)
    return shared.is_within(call.max_entries, FLOOR_ENTRIES, used_entries, entries, 1)
      and shared.is_within(call.max_bytes, FLOOR_BYTES, used_bytes, bytes, size)
  end

  local function is_within_refs_share(sender)
    if refs.count * 2 < call.max_refs then return true end
    refs_shares = refs_shares or open(call.refs_key)
    -- Every ref is known for a window, so refs that were counted within the last window are still remembered.
    shared.forget_passed(refs_shares, refs.age, refs.age + refs.window)
    return shared.is_within(call.max_refs, FLOOR_ENTRIES, refs.count, shared.count_of(refs_shares, sender), 1)
  end

  -- Returns '%refs' or '%backlog' if the draft's sender has used up its share there, otherwise nil.
  function limits.refusal_of(body, size, has_ref)
    local sender = shared.sender_of(body)
    if has_ref and not is_within_refs_share(sender) then return '%refs' end
    if is_within_backlog_share(sender, size) then return nil end
    -- The stored counts may be as old as the last trim, so refresh them before refusing a draft. They aren't written to
    -- META here, because the first write must be another one: see append.lua.
    if not has_refreshed then
      has_refreshed = true
      refresh_stored(call.log, nil, call.group, totals)
      if is_within_backlog_share(sender, size) then return nil end
    end
    return '%backlog'
  end

  -- Counts a draft that was appended.
  function limits.add(body, size, has_ref)
    local sender = shared.sender_of(body)
    if backlog_shares then shared.add(backlog_shares, sender, size) end
    if refs_shares and has_ref then shared.add(refs_shares, sender, 0) end
  end

  function limits.close()
    if backlog_shares then shared.close(backlog_shares) end
    if refs_shares then shared.close(refs_shares) end
  end

  return limits
end

-- Returns a table with the functions below. `totals` is that of a writer, `refs` is from `open_refs`. `first` is the index of
-- the first draft's first argument, and `step` the number of arguments per draft.
local function open_room(totals, refs, first, step)
  local call = {
    log = KEYS[1], meta = KEYS[2], group = ARGV[1], totals = totals, refs = refs, first_body = first, step = step,
    max_entries = tonumber(ARGV[4]), max_bytes = tonumber(ARGV[5]), max_refs = tonumber(ARGV[6]),
    backlog_key = KEYS[7], refs_key = KEYS[8],
  }
  local room, limits, has_trimmed = {}, nil, false

  -- Removes all stored entries, whatever their age. Once per call is enough: the script blocks the persisters.
  function room.trim_stored()
    if has_trimmed then return end
    has_trimmed = true
    trim_up_to(call.log, call.meta, refresh_stored(call.log, call.meta, call.group, totals))
  end

  local function has_room(size)
    return totals.entries - totals.storedEntries < call.max_entries
      and totals.bytes - totals.storedBytes + size <= call.max_bytes
  end

  -- Returns nil if there is room for a draft, otherwise the draft's result.
  function room.refusal_of(body, size, has_ref)
    if has_ref and refs.count >= call.max_refs then return '#' end
    if not has_room(size) then room.trim_stored() end
    if not has_room(size) then return '#' end
    limits = limits or open_sender_limits(call)
    return limits.refusal_of(body, size, has_ref)
  end

  -- Counts a draft that was appended.
  function room.add(body, size, has_ref)
    if limits then limits.add(body, size, has_ref) end
  end

  function room.close()
    if limits then limits.close() end
  end

  return room
end
