-- @include add_entry
--
-- Appends a dead letter as an entry of its kind and deletes the dead letter. Doesn't remember the entry's ref: the sender
-- may have sent the entry again meanwhile, and then the ref belongs to the later one.
--
-- KEYS: the log, META, the dead letters.
-- ARGV: the highest id that the caller knows, as a stream id; the id of the dead letter; the eight arguments of the
--   draft, as in append.lua.
-- Answer: '+id' (the new id), 'gone' (there is no such dead letter), '^' (the log's format has no such entries, L25),
--   'no-log' or '-reason' (refused by Redis).

if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return 'gone' end
local writer = open_writer(KEYS[1], KEYS[2], ARGV[1])
if not writer then return 'no-log' end
local body, ref, _, _, channel, second_channel, version, kind = unpack(ARGV, 3, 10)
if version ~= '1' and writer.totals.format == '1' then return '^' end
local id, err = add_entry(writer, body, ref, channel, second_channel, version, kind)
if not id then return '-' .. err end
close_writer(writer)
redis.call('XDEL', KEYS[3], ARGV[2])
return '+' .. id
