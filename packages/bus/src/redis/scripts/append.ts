import { WATERMARK_LUA } from "../log-state.ts";
import { Script } from "../script.ts";
import { ADD_LUA } from "./add.ts";
import { BACKLOG_LUA } from "./backlog.ts";
import { POSITIONS_LUA } from "./positions.ts";

/**
 * Appends up to a call's drafts (L1, L4–L7).
 *
 * KEYS: log, META, DEDUPE_COUNTS, then the dedupe key of each draft that has a ref, in order.
 * ARGV: group, greatest id seen (a stream id), dedupe window in ms, most entries and most bytes of the backlog, bytes
 * that a dedupe key counts, "1" to renew the key of a duplicate (L9), number of drafts; then for each draft its body,
 * ref or "", digest of its content or "", bytes it counts, a channel, a second channel or "".
 *
 * Answers `{"ok", refusal of a publish or "", …}` with one text a draft: `+id` appended, `=id` there already, `!` ref
 * reused, `#` backlog full, `-reason` refused by Redis. Or `{"no-log"}`, with nothing written.
 *
 * Nothing is undone in a script. So a dedupe key is set only after its entry is in the log, and the first write is
 * always an XADD or a trim of what is stored: Redis refuses it where it is out of memory or cannot write its disk,
 * and checks that for the first write of a script only.
 */
export const APPEND = new Script(`${POSITIONS_LUA}${WATERMARK_LUA}${BACKLOG_LUA}${ADD_LUA}
local log, meta, dedupe_counts = KEYS[1], KEYS[2], KEYS[3]
local group, seen, window = ARGV[1], ARGV[2], tonumber(ARGV[3])
local max_entries, max_bytes, key_bytes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local renew, count = ARGV[7] == '1', tonumber(ARGV[8])

local writer = open_log(log, meta, seen)
if not writer then return {'no-log'} end
local totals = writer.totals
local keys_known, keys_made, to_renew = known_keys(dedupe_counts), 0, {}
local emptied = false

local function room_for(bytes, keys)
  local held = keys > 0 and (keys_known + keys_made + keys) * key_bytes or 0
  return totals.entries - totals.storedEntries < max_entries
    and totals.bytes - totals.storedBytes + bytes + held <= max_bytes
end

-- Lets go of what is stored, whatever its age (L7). Once a call: nothing is stored while it runs.
local function empty()
  if emptied then return end
  emptied = true
  trim_up_to(log, meta, refresh_stored(log, meta, group, totals))
end

local function make_room(bytes, keys)
  if not room_for(bytes, keys) then empty() end
  return room_for(bytes, keys)
end

-- What the ref of a draft stands for already, or nothing. A key of another log is no promise of this one.
local function known_as(key, digest)
  local value = redis.pcall('GET', key)
  if type(value) ~= 'string' then return nil end
  local epoch, id, other = string.match(value, '^(%S+) (%S+) (%S+)$')
  if epoch ~= totals.epoch then return nil end
  if other ~= digest then return '!' end
  if renew then to_renew[#to_renew + 1] = key end
  return '=' .. id
end

local answer = {'ok', ''}
local next_key = 4
local refusal = nil
for i = 1, count do
  local at = 8 + (i - 1) * 6
  local draft = {
    body = ARGV[at + 1], ref = ARGV[at + 2], digest = ARGV[at + 3],
    bytes = tonumber(ARGV[at + 4]), first = ARGV[at + 5], second = ARGV[at + 6],
  }
  local known = nil
  if draft.ref ~= '' then
    draft.key = KEYS[next_key]
    next_key = next_key + 1
    known = known_as(draft.key, draft.digest)
  end
  if known then
    answer[i + 2] = known
  elseif refusal then
    answer[i + 2] = '-' .. refusal
  elseif not make_room(draft.bytes, draft.key and 1 or 0) then
    answer[i + 2] = '#'
  else
    local id, err = add_entry(writer, draft, window)
    if id then
      answer[i + 2] = '+' .. id
      if draft.key then keys_made = keys_made + 1 end
    else
      refusal = err
      answer[i + 2] = '-' .. err
      -- Out of memory: what is stored makes room for the next call.
      if string.sub(err, 1, 3) == 'OOM' then empty() end
    end
  end
end
close_log(writer)
for _, key in ipairs(to_renew) do redis.pcall('PEXPIRE', key, window) end
count_keys(dedupe_counts, keys_made, writer.now, window)
answer[2] = writer.unheard or ''
return answer
`);
