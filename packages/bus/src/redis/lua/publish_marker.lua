-- @include readonly_error
-- @include master_term
--
-- Publishes a marker with the log's end (L15). The same script reads the end and publishes it, so that every message up
-- to that end was published before the marker.
--
-- KEYS: the log, META. ARGV: the channel, the tag.
-- Payload: `tag term epoch end`, or `tag term - -` if there is no log.
-- Answer: the number of subscribers, or the READONLY error of a replica.

local refused = readonly_error(KEYS[2])
if refused then return refused end
local stream = redis.pcall('XINFO', 'STREAM', KEYS[1])
local epoch = redis.call('HGET', KEYS[2], 'epoch')
local log_end = '- -'
if epoch and not stream.err then
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then log_end = epoch .. ' ' .. stream[i + 1] end
  end
end
return redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. master_term() .. ' ' .. log_end)
