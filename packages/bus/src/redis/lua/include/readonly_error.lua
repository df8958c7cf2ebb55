-- Returns the READONLY error if this server is a replica, for the script to return, and nil on a master.
--
-- Tries a write that changes nothing, whatever the key holds: unlike INFO or ROLE, it needs no permission beyond
-- reading and writing. It counts as the first write of the script: see append.lua.
local function readonly_error(key)
  local answer = redis.pcall('PERSIST', key)
  if type(answer) == 'table' and string.sub(answer.err, 1, 8) == 'READONLY' then return answer end
end
