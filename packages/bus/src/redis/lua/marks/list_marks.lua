-- @include watermark
-- @include readonly_error
--
-- Reads a part of the read marks that aren't stored yet, and the watermark. One script reads both: another server's
-- watermark could have passed a mark whose conversation is about to be stored (L27).
--
-- KEYS: the marks, the log, META. ARGV: the group; the cursor; how many marks to look at.
-- Answer: {watermark, `trimmed` of META or nil, the next cursor or '0', {field, id, ...}}, or the READONLY error of a replica.

local refused = readonly_error(KEYS[3])
if refused then return refused end
local mark, trimmed = watermark(KEYS[2], ARGV[1]), redis.call('HGET', KEYS[3], 'trimmed')
local page = redis.call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
return {mark, trimmed, page[1], page[2]}
