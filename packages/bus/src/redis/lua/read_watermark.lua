-- @include watermark
-- @include readonly_error
--
-- Reads the watermark (L12) and the id up to which the log is trimmed.
--
-- KEYS: the log, META. ARGV: the group.
-- Answer: {watermark, `trimmed` of META or nil}, or the READONLY error of a replica.

local refused = readonly_error(KEYS[2])
if refused then return refused end
return {watermark(KEYS[1], ARGV[1]), redis.call('HGET', KEYS[2], 'trimmed')}
