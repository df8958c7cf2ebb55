-- @include positions
-- @include readonly_error
--
-- Reads the head of the log.
--
-- KEYS: the log, META. ARGV: none.
-- Answer: {the last id or nil, then `epoch`, `trimmed`, `format` and `revocations` of META, each or nil}; or the READONLY
-- error of a replica.

local refused = readonly_error(KEYS[2])
if refused then return refused end
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'trimmed', 'format', 'revocations')
return {last_id(KEYS[1]) or false, meta[1], meta[2], meta[3], meta[4]}
