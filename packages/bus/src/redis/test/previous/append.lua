-- @include positions
-- @include backlog
-- @include add_entry
-- @include refs
-- @include sender_limits
--
-- Appends the drafts of one call (L1, L4-L7).
--
-- KEYS: the log, META, the ref state, the three ref hashes, the senders' shares of the backlog and of the refs.
-- ARGV: the group; the highest id that the caller knows, as a stream id; the dedupe window in ms; the bounds of the
--   backlog in entries and in bytes; the maximum number of refs; '1' to write the ref of a duplicate again (L9); the
--   number of drafts. Then six arguments for each draft: body, ref or '', ref
--   digest, content digest, channel, second channel or ''.
-- Answer: {'ok', the last error of a PUBLISH or '', the number of refs remembered, one result per draft ...}. A result
--   is '+id' (appended), '=id' (duplicate of id), '!' (ref reused), '#' (backlog or refs full), '%backlog' or '%refs'
--   (the sender has used up its share of the backlog or of the refs) or '-reason' (refused by Redis).
--   {'no-log'} if there is no log; then nothing was written.
--
-- Redis doesn't undo the writes of a script that fails. So a ref is remembered only after its entry is in the log. And
-- the first write is always an XADD or a trim of stored entries, because Redis checks for lack of memory or disk only
-- at a script's first write. If it refuses this write, nothing has been written.

local log, meta = KEYS[1], KEYS[2]
local group, highest_id, window = ARGV[1], ARGV[2], tonumber(ARGV[3])
local max_entries, max_bytes, max_refs = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local rewrite_duplicates, count = ARGV[7] == '1', tonumber(ARGV[8])

local writer = open_writer(log, meta, highest_id)
if not writer then return {'no-log'} end
local totals = writer.totals
local refs = open_refs({KEYS[3], KEYS[4], KEYS[5], KEYS[6]}, writer, window)
local has_trimmed = false

-- The index of the first draft's first argument, and the number of arguments per draft.
local FIRST, EACH = 9, 6

-- Removes all stored entries, whatever their age (L7). Once per call is enough: the script blocks the persisters.
local function trim_stored()
  if has_trimmed then return end
  has_trimmed = true
  trim_up_to(log, meta, refresh_stored(log, meta, group, totals))
end

local function has_room(size)
  return totals.entries - totals.storedEntries < max_entries
    and totals.bytes - totals.storedBytes + size <= max_bytes
end

-- The functions that check senders' shares. Created when a bound is at least half used.
local limits = nil

-- Returns nil if there is room for a draft, otherwise the draft's result.
local function refusal_of(body, size, has_ref)
  if (totals.entries - totals.storedEntries) * 2 < max_entries
    and (totals.bytes - totals.storedBytes + size) * 2 < max_bytes
    and (not has_ref or refs.count * 2 < max_refs) then return nil end
  if has_ref and refs.count >= max_refs then return '#' end
  if not has_room(size) then trim_stored() end
  if not has_room(size) then return '#' end
  limits = limits or open_sender_limits({
    log = log, group = group, totals = totals, refs = refs, first_body = FIRST, step = EACH,
    max_entries = max_entries, max_bytes = max_bytes, max_refs = max_refs, backlog_key = KEYS[7], refs_key = KEYS[8],
  })
  return limits.refusal_of(body, size, has_ref)
end

local digests = {}
for at = FIRST, FIRST + (count - 1) * EACH, EACH do
  if ARGV[at + 1] ~= '' then digests[#digests + 1] = ARGV[at + 2] end
end
local known = find_refs(refs, digests)

-- Returns the result of a draft whose ref is known.
local function result_of_known(ref_digest, value, content_digest)
  if string.sub(value, 1, #content_digest) ~= content_digest then return '!' end
  if rewrite_duplicates then remember(refs, ref_digest, value) end
  return '=' .. string.sub(value, #content_digest + 1)
end

local refused_reason = nil
local function append_draft(body, ref, ref_digest, content_digest, channel, second_channel)
  local value = ref ~= '' and known[ref_digest]
  if value then return result_of_known(ref_digest, value, content_digest) end
  if refused_reason then return '-' .. refused_reason end
  local size, has_ref = bytes_of(body, ref), ref ~= ''
  local no_room = refusal_of(body, size, has_ref)
  if no_room then return no_room end
  local id, err = add_entry(writer, body, ref, channel, second_channel)
  if id then
    if limits then limits.add(body, size, has_ref) end
    if has_ref then
      known[ref_digest] = content_digest .. id
      refs.count = refs.count + 1
      remember(refs, ref_digest, known[ref_digest])
    end
    return '+' .. id
  end
  refused_reason = err
  -- If Redis is out of memory, trim stored entries to make room for the next call.
  if string.sub(err, 1, 3) == 'OOM' then trim_stored() end
  return '-' .. err
end

local answer = {'ok', '', ''}
for at = FIRST, FIRST + (count - 1) * EACH, EACH do
  answer[#answer + 1] = append_draft(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
end
close_writer(writer)
close_refs(refs)
if limits then limits.close() end
answer[2], answer[3] = writer.publish_error or '', string.format('%d', refs.count)
return answer
