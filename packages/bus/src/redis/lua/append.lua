-- @include positions
-- @include backlog
-- @include add_entry
-- @include refs
-- @include room
--
-- Appends the drafts of one call (L1, L4-L7).
--
-- KEYS: the log, META, the ref state, the three ref hashes, the senders' shares of the backlog and of the refs.
-- ARGV: the group; the highest id that the caller knows, as a stream id; the dedupe window in ms; the bounds of the
--   backlog in entries and in bytes; the maximum number of refs; '1' to write the ref of a duplicate again (L9); the
--   caller's time in ms since 1970; the number of drafts. Then six arguments for each draft: body, ref or '', ref
--   digest, content digest, channel, second channel or ''.
-- Answer: {'ok', the last error of a PUBLISH or '', the number of refs remembered, one result per draft ...}. A result
--   is '+id' (appended), '=id' (duplicate of id), '!' (ref reused), '#' (backlog full), '%backlog' or '%refs' (the
--   sender's share of it is full) or '-reason' (refused by Redis).
--   {'no-log'} if there is no log; then nothing was written.
--
-- Redis doesn't undo the writes of a script that fails. So a ref is remembered only after its entry is in the log, and
-- the first write is always an XADD or a trim of stored entries. Redis checks for lack of memory or disk only at the
-- first write of a script, and refuses that one.

local log, meta = KEYS[1], KEYS[2]
local group, highest_id, window = ARGV[1], ARGV[2], tonumber(ARGV[3])
local rewrite_duplicates, caller_ms, count = ARGV[7] == '1', tonumber(ARGV[8]), tonumber(ARGV[9])

local writer = open_writer(log, meta, highest_id)
if not writer then return {'no-log'} end
local refs = open_refs({KEYS[3], KEYS[4], KEYS[5], KEYS[6]}, writer, window, caller_ms)
-- The index of the first draft's first argument, and the number of arguments per draft.
local FIRST, EACH = 10, 6
local room = {
  log = log, meta = meta, group = group, totals = writer.totals, refs = refs,
  max_entries = tonumber(ARGV[4]), max_bytes = tonumber(ARGV[5]), max_refs = tonumber(ARGV[6]),
  backlog_key = KEYS[7], refs_key = KEYS[8], first = FIRST, each = EACH, count = count,
}

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

local refusal = nil
local function append_draft(body, ref, ref_digest, content_digest, channel, second_channel)
  local value = ref ~= '' and known[ref_digest]
  if value then return result_of_known(ref_digest, value, content_digest) end
  if refusal then return '-' .. refusal end
  local no_room, sender = refusal_of(room, body, ref)
  if no_room then return no_room end
  local id, err = add_entry(writer, body, ref, channel, second_channel)
  if id then
    take_room(room, sender, body, ref)
    if ref ~= '' then
      known[ref_digest] = content_digest .. id
      refs.count = refs.count + 1
      remember(refs, ref_digest, known[ref_digest])
    end
    return '+' .. id
  end
  refusal = err
  -- Out of memory: trim stored entries to make room for the next call.
  if string.sub(err, 1, 3) == 'OOM' then trim_stored(room) end
  return '-' .. err
end

local answer = {'ok', '', ''}
for at = FIRST, FIRST + (count - 1) * EACH, EACH do
  answer[#answer + 1] = append_draft(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
end
close_writer(writer)
close_refs(refs)
close_room(room)
answer[2], answer[3] = writer.publish_error or '', string.format('%d', refs.count)
return answer
