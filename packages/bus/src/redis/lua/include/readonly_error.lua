-- If this server is a replica, returns the READONLY error, which the script must return as its answer. On a master,
-- returns nil.
--
-- Tries a write that changes nothing, whatever type the key has, because the key has no expiry. Unlike INFO or ROLE, it
-- needs no permission beyond reading and writing. For Redis it is the script's first write: see append.lua.
local function readonly_error(key)
  local answer = redis.pcall('PERSIST', key)
  if type(answer) == 'table' and string.sub(answer.err, 1, 8) == 'READONLY' then return answer end
end
