-- @include readonly_error
--
-- Publishes a marker with the log's end (L15). The same script reads the end and publishes it, so that every message up
-- to that end was published before the marker.
--
-- KEYS: the log, META. ARGV: the channel, the tag.
-- Payload: `tag term epoch end`, or `tag term - -` if there is no log.
-- Answer: the version of the revocations or '' (L26), nil if there is no log, or the READONLY error of a replica.

-- Returns a name for this server process and its current term as a master, in the form of `readServer` in
-- connection/server-role.ts. Returns '-' if INFO isn't permitted.
local function master_term()
  local info = redis.pcall('INFO', 'server', 'replication')
  if type(info) ~= 'string' then return '-' end
  return (string.match(info, 'run_id:(%w+)') or '') .. '/' .. (string.match(info, 'master_replid2:(%w+)') or '')
end

local refused = readonly_error(KEYS[2])
if refused then return refused end
local stream = redis.pcall('XINFO', 'STREAM', KEYS[1])
local values = redis.call('HMGET', KEYS[2], 'epoch', 'revocations')
local epoch = values[1]
local log_end = '- -'
if epoch and not stream.err then
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then log_end = epoch .. ' ' .. stream[i + 1] end
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ' .. master_term() .. ' ' .. log_end)
return epoch and (values[2] or '')
