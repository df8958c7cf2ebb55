-- @include backlog
-- @include add_entry
-- @include shares
--
-- Decides if the drafts of one call have room: within the bounds of the backlog (L7) and of the refs (L5), and within
-- their sender's share of both. While both are less than half full, this is a few comparisons and no command.
--
-- `room` is a table with: log, meta, group; totals, of the writer of add_entry.lua; refs, of refs.lua; max_entries,
-- max_bytes, max_refs; backlog_key and refs_key, the hashes of shares.lua; first, each and count, which say where the
-- drafts' bodies are in ARGV.

-- The amounts that a sender may always hold while there is room. Equal to those in sender-shares.ts.
local FLOOR_ENTRIES = 8
local FLOOR_BYTES = 65536

local function used_of(room)
  local totals = room.totals
  return totals.entries - totals.storedEntries, totals.bytes - totals.storedBytes
end

local function has_room(room, size)
  local entries, bytes = used_of(room)
  return entries < room.max_entries and bytes + size <= room.max_bytes
end

-- Removes all stored entries, whatever their age (L7). Once per call is enough: nothing gets stored meanwhile.
local function trim_stored(room)
  if room.has_trimmed then return end
  room.has_trimmed = true
  trim_up_to(room.log, room.meta, refresh_stored(room.log, room.meta, room.group, room.totals))
end

-- Opens a hash of shares for all senders of the call.
local function open_call_shares(room, key)
  local senders, seen = {}, {}
  for at = room.first, room.first + (room.count - 1) * room.each, room.each do
    local sender = sender_of(ARGV[at])
    if not seen[sender] then
      seen[sender] = true
      senders[#senders + 1] = sender
    end
  end
  return open_shares(key, room.totals.epoch, senders)
end

local function is_within_backlog_share(room, sender, size)
  local entries, bytes = used_of(room)
  if entries * 2 < room.max_entries and bytes * 2 < room.max_bytes then return true end
  local totals = room.totals
  room.backlog_shares = room.backlog_shares or open_call_shares(room, room.backlog_key)
  forget_passed(room.backlog_shares, totals.storedEntries, totals.entries)
  local count = count_of(room.backlog_shares, sender)
  return is_within_share(room.max_entries, FLOOR_ENTRIES, entries, count.entries, 1)
    and is_within_share(room.max_bytes, FLOOR_BYTES, bytes, count.bytes, size)
end

local function is_within_refs_share(room, sender)
  local refs = room.refs
  if refs.count * 2 < room.max_refs then return true end
  room.refs_shares = room.refs_shares or open_call_shares(room, room.refs_key)
  -- Every ref is known for a window, so whatever is counted within one window is still remembered.
  forget_passed(room.refs_shares, refs.now, refs.now + refs.window)
  local count = count_of(room.refs_shares, sender)
  return is_within_share(room.max_refs, FLOOR_ENTRIES, refs.count, count.entries, 1)
end

-- Returns the result of a draft for which there may be no room: see `refusal_of`.
local function refusal_above_half(room, sender, ref, size)
  local has_ref = ref ~= ''
  if has_ref and room.refs.count >= room.max_refs then return '#' end
  if not has_room(room, size) then
    trim_stored(room)
    if not has_room(room, size) then return '#' end
  end
  if has_ref and not is_within_refs_share(room, sender) then return '%refs' end
  if is_within_backlog_share(room, sender, size) then return nil end
  -- The counts of what is stored are as old as the last trim. Not written here: see append.lua about the first write.
  if not room.has_read_stored then
    room.has_read_stored = true
    read_stored(room.log, room.group, room.totals)
    if is_within_backlog_share(room, sender, size) then return nil end
  end
  return '%backlog'
end

-- Returns nil if the draft may be appended. Otherwise its result: '#' if there is no room, '%refs' or '%backlog' if
-- there is none for this sender. Then returns the sender, for `take_room`, unless shares don't matter yet.
local function refusal_of(room, body, ref)
  local size = bytes_of(body, ref)
  local entries, bytes = used_of(room)
  if entries * 2 < room.max_entries and (bytes + size) * 2 < room.max_bytes
    and (ref == '' or room.refs.count * 2 < room.max_refs) then return nil end
  local sender = sender_of(body)
  return refusal_above_half(room, sender, ref, size), sender
end

-- Counts an appended draft for its sender, if `refusal_of` returned one.
local function take_room(room, sender, body, ref)
  if not sender then return end
  if room.backlog_shares then count_added(room.backlog_shares, sender, bytes_of(body, ref)) end
  if room.refs_shares and ref ~= '' then count_added(room.refs_shares, sender, 0) end
end

local function close_room(room)
  close_shares(room.backlog_shares)
  close_shares(room.refs_shares)
end
