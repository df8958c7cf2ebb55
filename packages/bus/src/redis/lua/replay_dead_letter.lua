-- @include add_entry
--
-- Appends a dead letter as a message and deletes the dead letter. Doesn't remember the message's ref: the sender may
-- have sent the message again meanwhile, and then the ref belongs to the later message.
--
-- KEYS: the log, META, the dead letters.
-- ARGV: the highest id that the caller knows, as a stream id; the id of the dead letter; the six arguments of the
--   draft, as in append.lua.
-- Answer: '+id' (the new id), 'gone' (there is no such dead letter), 'no-log' or '-reason' (refused by Redis).

if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return 'gone' end
local writer = open_writer(KEYS[1], KEYS[2], ARGV[1])
if not writer then return 'no-log' end
local id, err = add_entry(writer, ARGV[3], ARGV[4], ARGV[7], ARGV[8])
if not id then return '-' .. err end
close_writer(writer)
redis.call('XDEL', KEYS[3], ARGV[2])
return '+' .. id
