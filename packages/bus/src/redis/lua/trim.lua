-- @include positions
-- @include backlog
-- @include log_state
-- @include readonly_error
--
-- Removes entries that are stored and old enough, and returns the state of the log. Computes the watermark in the same
-- script, so that only stored entries are removed (L12).
--
-- KEYS: the log, META, the senders' shares of the backlog, the dead letters.
-- ARGV: the group; the minimum age in ms, by the time in the ids; a stream id up to which entries may be removed
--   whatever the time in their ids.
-- Answer: {'ok', bytes stored in total, entries removed, then the state: see include/log_state.lua}; {'no-log'}; or the
--   READONLY error of a replica. An idle consumer notices a demoted server by this error.

local refused = readonly_error(KEYS[2])
if refused then return refused end
local log, meta, group = KEYS[1], KEYS[2], ARGV[1]
local last = last_id(log)
local totals = last and read_totals(meta)
if not totals then return {'no-log'} end
local mark, first = refresh_stored(log, meta, group, totals)
-- If the backlog is empty, no sender has entries in it, so the senders' shares are forgotten (L7).
if totals.entries == totals.storedEntries then redis.call('UNLINK', KEYS[3]) end

local ms, seq = clock() - tonumber(ARGV[2]) - 1, MAX_SEQ
local any_ms, any_seq = position(ARGV[3])
if is_after(any_ms, any_seq, ms, seq) then ms, seq = any_ms, any_seq end
local mark_ms, mark_seq = position(mark)
if mark_ms and is_after(ms, seq, mark_ms, mark_seq) then ms, seq = mark_ms, mark_seq end
local removed = ms >= 0 and trim_up_to(log, meta, stream_id(ms, seq)) or 0

local answer = {'ok', string.format('%.0f', totals.storedBytes), string.format('%.0f', removed)}
return add_log_state(answer, last, mark, first, totals, KEYS[4])
