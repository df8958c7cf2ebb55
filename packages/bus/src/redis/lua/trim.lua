-- @include positions
-- @include backlog
-- @include log_state
-- @include readonly_error
--
-- Removes entries that are stored and old enough, and returns the state of the log. Computes the watermark in the same
-- script, so that only stored entries are removed (L12).
--
-- KEYS: the log, META, the senders' shares of the backlog, the dead letters.
-- ARGV: the group; a stream id up to which entries are old enough.
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

local ms, seq = position(ARGV[2])
local mark_ms, mark_seq = position(mark)
if mark_ms and is_after(ms, seq, mark_ms, mark_seq) then ms, seq = mark_ms, mark_seq end
local removed = trim_up_to(log, meta, stream_id(ms, seq))

local answer = {'ok', string.format('%.0f', totals.storedBytes), string.format('%.0f', removed)}
return add_log_state(answer, last, mark, first, totals, KEYS[4])
