import { IF_REPLICA_LUA } from "../connection/server-role.ts";
import { WATERMARK_LUA } from "../log/log-reader.ts";
import { BACKLOG_LUA } from "./backlog.ts";
import { POSITIONS_LUA } from "./positions.ts";
import { Script } from "./script.ts";

/**
 * Removes what is stored and old enough, in the script that computes the watermark (L12), and says how the log stands.
 *
 * KEYS: log, META. ARGV: group, least age in ms by the ids' time, a stream id up to which age does not matter.
 * Answers `{"ok", last id, watermark, backlog in entries, in bytes, stored bytes ever, entries removed}` or `{"no-log"}`.
 * Refused, with READONLY, on a server that is no master: a consumer that has nothing else to write finds out so.
 */
export const TRIM = new Script(`${POSITIONS_LUA}${WATERMARK_LUA}${BACKLOG_LUA}${IF_REPLICA_LUA}
local refused = if_replica(KEYS[2])
if refused then return refused end
local log, meta, group = KEYS[1], KEYS[2], ARGV[1]
local last = last_id(log)
local totals = last and read_totals(meta)
if not totals then return {'no-log'} end
local mark = refresh_stored(log, meta, group, totals)

local ms, seq = clock() - tonumber(ARGV[2]) - 1, MAX_SEQ
local any_ms, any_seq = position(ARGV[3])
if is_after(any_ms, any_seq, ms, seq) then ms, seq = any_ms, any_seq end
local mark_ms, mark_seq = position(mark)
if mark_ms and is_after(ms, seq, mark_ms, mark_seq) then ms, seq = mark_ms, mark_seq end
local removed = ms >= 0 and trim_up_to(log, meta, stream_id(ms, seq)) or 0

local function text(number) return string.format('%.0f', number) end
return {'ok', last, mark, text(totals.entries - totals.storedEntries), text(totals.bytes - totals.storedBytes),
  text(totals.storedBytes), text(removed)}
`);
