-- @include add_entry
-- @include refs
--
-- Appends the drafts of one call (L1, L4-L7).
--
-- KEYS: the log, META, the ref state, the three ref hashes, the senders' shares of the backlog and of the refs.
-- ARGV: the group; the highest id that the caller knows, as a stream id; the dedupe window in ms; the bounds of the
--   backlog in entries and in bytes; the maximum number of refs; '1' to write the ref of a duplicate again (L9); the
--   number of drafts. Then eight arguments for each draft: body, ref or '', ref digest, content digest, channel, second
--   channel or '', version, kind or ''.
-- Answer: {'ok', the last error of a PUBLISH or '', the number of refs remembered, one result per draft ...}. A result is '+id' (appended), '=id' (duplicate of id), '!' (ref reused), '#' (backlog or refs full),
--   '%backlog' or '%refs' (the sender has used up its share of the backlog or of the refs), '^' (the log's format has no
--   entries of this version, L25) or '-reason' (refused by Redis).
--   {'no-log'} if there is no log; then nothing was written.
--
-- Redis doesn't undo the writes of a script that fails. So a ref is remembered only after its entry is in the log. And
-- the first write is always an XADD or a trim of stored entries, because Redis checks for lack of memory or disk only
-- at a script's first write. If it refuses this write, nothing has been written.
--
-- Every function costs time in each call, because Redis creates it again. So what few calls need is created in these calls.

local args = ARGV
local highest_id, window = args[2], tonumber(args[3])
local max_entries, max_bytes, max_refs = tonumber(args[4]), tonumber(args[5]), tonumber(args[6])
local rewrite_duplicates, count = args[7] == '1', tonumber(args[8])

-- The index of the first draft's first argument, the number of arguments per draft, and the last draft's first argument.
local FIRST, EACH = 9, 8
local LAST = FIRST + (count - 1) * EACH

local digests = {}
for at = FIRST, LAST, EACH do
  if args[at + 1] ~= '' then digests[#digests + 1] = args[at + 2] end
end

local writer = open_writer(KEYS[1], KEYS[2], highest_id)
if not writer then return {'no-log'} end
local totals = writer.totals
local refs = open_refs(writer, window, max_refs)
local known = find_refs(refs, digests)

-- Creates the functions of sender_limits.lua.
local function room_functions()
  -- @include sender_limits
  return open_room
end

-- An XADD shows that there is a log. Before any other result than its own, `has_log` makes sure.
if count == 0 and not has_log(writer) then return {'no-log'} end
local answer, room, refused_reason = {'ok', '', ''}, nil, nil
for at = FIRST, LAST, EACH do
  local body, ref, digest, content_digest, version = args[at], args[at + 1], args[at + 2], args[at + 3], args[at + 6]
  local has_ref, size, result = ref ~= '', #body + #ref + ENTRY_BYTES, nil
  local value = has_ref and known[digest]
  if value then
    -- The ref is known: a duplicate, or the ref was used for another message (L5).
    if not has_log(writer) then return {'no-log'} end
    if string.sub(value, 1, #content_digest) ~= content_digest then
      result = '!'
    else
      if rewrite_duplicates then remember(refs, digest, value) end
      result = '=' .. string.sub(value, #content_digest + 1)
    end
  elseif version ~= '1' and totals.format == '1' then
    result = '^'
  elseif refused_reason then
    result = '-' .. refused_reason
  elseif (totals.entries - totals.storedEntries) * 2 >= max_entries
    or (totals.bytes - totals.storedBytes + size) * 2 >= max_bytes
    or has_ref and refs.count * 2 >= max_refs then
    -- A limit is at least half used.
    if not has_log(writer) then return {'no-log'} end
    room = room or room_functions()(totals, refs, FIRST, EACH)
    result = room.refusal_of(body, size, has_ref)
  end
  if not result then
    local id, err = add_entry(writer, body, ref, args[at + 4], args[at + 5], version, args[at + 7])
    if id then
      if room then room.add(body, size, has_ref) end
      if has_ref then
        known[digest] = content_digest .. id
        refs.count = refs.count + 1
        remember(refs, digest, known[digest])
      end
      result = '+' .. id
    elseif err == NO_LOG then
      return {'no-log'}
    else
      refused_reason, result = err, '-' .. err
      -- If Redis is out of memory, trim stored entries to make room for the next call.
      if string.sub(err, 1, 3) == 'OOM' then
        room = room or room_functions()(totals, refs, FIRST, EACH)
        room.trim_stored()
      end
    end
  end
  answer[#answer + 1] = result
end
close_writer(writer)
close_refs(refs)
if room then room.close() end
answer[2], answer[3] = writer.publish_error or '', refs.count
return answer
