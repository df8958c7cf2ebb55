-- @include backlog
-- @include log_state
-- @include readonly_error
--
-- Reads the state of the log, and changes nothing.
--
-- KEYS: the log, META, the dead letters. ARGV: the group.
-- Answer: {'ok', then the state: see include/log_state.lua}; {'no-log'}; or the READONLY error of a replica.

local refused = readonly_error(KEYS[2])
if refused then return refused end
local last = last_id(KEYS[1])
local totals = last and read_totals(KEYS[2])
if not totals then return {'no-log'} end
local mark, first = refresh_stored(KEYS[1], nil, ARGV[1], totals)
return add_log_state({'ok'}, last, mark, first, totals, KEYS[3])
