-- Returns a name for this server process and its current term as a master, in the form of `readServer` in
-- connection/server-role.ts. Returns '-' if INFO isn't permitted.
local function master_term()
  local info = redis.pcall('INFO', 'server', 'replication')
  if type(info) ~= 'string' then return '-' end
  return (string.match(info, 'run_id:(%w+)') or '') .. '/' .. (string.match(info, 'master_replid2:(%w+)') or '')
end
