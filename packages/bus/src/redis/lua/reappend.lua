-- @include add_entry
-- @include refs
--
-- Appends an entry again, with its ref and a new id, because the store has another entry under its id (L13). From then on
-- a duplicate of the ref gets the new id. Removes the old entry, whose id belongs to the other one. An entry that format 1
-- doesn't have is appended even then: it replaces one of the same version, so the log has no more of them (L25).
--
-- KEYS: the log, META, the ref state, the three ref hashes.
-- ARGV: the highest id that the caller knows, as a stream id; the id of the entry; the eight arguments of the draft, as
--   in append.lua; the group; the dedupe window in ms.
-- Answer: '+id' (the new id), 'settled' (the entry is no longer pending), 'no-log' or '-reason' (refused by Redis).

local log, group, window = KEYS[1], ARGV[11], tonumber(ARGV[12])
local body, ref, ref_digest, content_digest, channel, second_channel, version, kind = unpack(ARGV, 3, 10)
local pending = redis.pcall('XPENDING', log, group, ARGV[2], ARGV[2], 1)
if pending.err or #pending == 0 then return 'settled' end
local writer = open_writer(log, KEYS[2], ARGV[1])
if not writer then return 'no-log' end
local refs = open_refs(writer, window, math.huge)
local id, err = add_entry(writer, body, ref, channel, second_channel, version, kind)
if not id then return '-' .. err end
close_writer(writer)
if ref ~= '' then remember(refs, ref_digest, content_digest .. id) end
close_refs(refs)
redis.call('XACK', log, group, ARGV[2])
redis.call('XDEL', log, ARGV[2])
return '+' .. id
