-- @include readonly_error
-- @include revocations
--
-- Changes the hash of revocations and reads it (L26): revokes, deletes, merges entries that the log has lost, or only reads.
--
-- KEYS: META, the hash of revocations. ARGV: random characters for a new version; the maximum number of entries; the
--   maximum age of tokens in ms. Then for each change: the field, its number or '' for a new change, the time.
-- Answer: {'ok', the version or '', then the name and value of each field}; {'full'}; {'no-log'}; or the READONLY error of
--   a replica.

local refused = readonly_error(KEYS[1])
if refused then return refused end
if not redis.call('HGET', KEYS[1], 'epoch') then return {'no-log'} end
local changes = {}
for i = 4, #ARGV, 3 do changes[#changes + 1] = { ARGV[i], ARGV[i + 1], ARGV[i + 2] } end
local version = change_revocations(KEYS[1], KEYS[2], ARGV[1], changes, tonumber(ARGV[2]), tonumber(ARGV[3]))
if not version then return {'full'} end
local answer = redis.call('HGETALL', KEYS[2])
table.insert(answer, 1, 'ok')
table.insert(answer, 2, version)
return answer
