import { WATERMARK_LUA } from "../log/log-reader.ts";
import { ADD_LUA } from "./add.ts";
import { BACKLOG_LUA } from "./backlog.ts";
import { POSITIONS_LUA } from "./positions.ts";
import { REFS_LUA } from "./refs.ts";
import { Script } from "./script.ts";

/**
 * Appends up to a call's drafts (L1, L4–L7).
 *
 * KEYS: log, META, then the four of what is remembered of refs.
 * ARGV: group, greatest id seen (a stream id), dedupe window in ms, most entries and most bytes of the backlog, most
 * refs that are remembered, "1" to renew what is remembered of a duplicate (L9), the caller's time in ms since 1970,
 * number of drafts; then for each draft its body, ref or "", digest of what the ref names, digest of its content, a
 * channel, a second channel or "".
 *
 * Answers `{"ok", refusal of a publish or "", refs remembered, …}` with one text a draft: `+id` appended, `=id` there
 * already, `!` ref reused, `#` backlog full, `-reason` refused by Redis. Or `{"no-log"}`, with nothing written.
 *
 * Nothing is undone in a script. So a ref is remembered only after its entry is in the log, and the first write is
 * always an XADD or a trim of what is stored: Redis refuses it where it is out of memory or cannot write its disk,
 * and checks that for the first write of a script only.
 */
export const APPEND = new Script(`${POSITIONS_LUA}${WATERMARK_LUA}${BACKLOG_LUA}${ADD_LUA}${REFS_LUA}
local log, meta = KEYS[1], KEYS[2]
local group, seen, window = ARGV[1], ARGV[2], tonumber(ARGV[3])
local max_entries, max_bytes, max_refs = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local renew, given, count = ARGV[7] == '1', tonumber(ARGV[8]), tonumber(ARGV[9])

local writer = open_log(log, meta, seen)
if not writer then return {'no-log'} end
local totals = writer.totals
local refs = open_refs({KEYS[3], KEYS[4], KEYS[5], KEYS[6]}, writer, window, given)
local emptied = false

local function room_for(bytes)
  return totals.entries - totals.storedEntries < max_entries
    and totals.bytes - totals.storedBytes + bytes <= max_bytes
end

-- Lets go of what is stored, whatever its age (L7). Once a call: nothing is stored while it runs.
local function empty()
  if emptied then return end
  emptied = true
  trim_up_to(log, meta, refresh_stored(log, meta, group, totals))
end

local function make_room(bytes)
  if not room_for(bytes) then empty() end
  return room_for(bytes)
end

-- Where the drafts begin in ARGV, and what each of them takes.
local FIRST, EACH = 10, 6
local named = {}
for at = FIRST, FIRST + (count - 1) * EACH, EACH do
  if ARGV[at + 1] ~= '' then named[#named + 1] = ARGV[at + 2] end
end
local known = look_up(refs, named)

-- What the ref of a draft stands for already: the answer.
local function known_as(name, value, digest)
  if string.sub(value, 1, #digest) ~= digest then return '!' end
  if renew then remember(refs, name, value) end
  return '=' .. string.sub(value, #digest + 1)
end

local refusal = nil
local function answer_to(body, ref, name, digest, channel, second)
  local value = ref ~= '' and known[name]
  if value then return known_as(name, value, digest) end
  if refusal then return '-' .. refusal end
  if ref ~= '' and refs.held >= max_refs or not make_room(bytes_of(body, ref)) then return '#' end
  local id, err = add_entry(writer, body, ref, channel, second)
  if id then
    if ref ~= '' then
      known[name] = digest .. id
      refs.held = refs.held + 1
      remember(refs, name, known[name])
    end
    return '+' .. id
  end
  refusal = err
  -- Out of memory: what is stored makes room for the next call.
  if string.sub(err, 1, 3) == 'OOM' then empty() end
  return '-' .. err
end

local answers = {'ok', '', ''}
for at = FIRST, FIRST + (count - 1) * EACH, EACH do
  answers[#answers + 1] = answer_to(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
end
close_log(writer)
close_refs(refs)
answers[2], answers[3] = writer.unheard or '', string.format('%d', refs.held)
return answers
`);
