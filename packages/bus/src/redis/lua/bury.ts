import { Script } from "./script.ts";

/**
 * Moves entries that are no messages out of the log (L10): written to the dead letters first, and only then let go.
 *
 * KEYS: log, dead letters. ARGV: group, most dead letters, the time, then a position and a reason for each.
 * Answers a text each: "moved", "gone" where the log had it no more, "full", or why Redis would not write it.
 */
export const BURY = new Script(`
local log, dead, group, most = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])

local function bury(id, reason)
  local entry = redis.call('XRANGE', log, id, id)[1]
  if entry then
    if redis.call('XLEN', dead) >= most then return 'full' end
    local added = redis.pcall('XADD', dead, '*', 'position', id, 'reason', reason, 'at', ARGV[3],
      'entry', cjson.encode(entry[2]))
    if type(added) ~= 'string' then return added.err end
  end
  redis.call('XACK', log, group, id)
  redis.call('XDEL', log, id)
  return entry and 'moved' or 'gone'
end

local answer = {}
for i = 4, #ARGV, 2 do answer[#answer + 1] = bury(ARGV[i], ARGV[i + 1]) end
return answer
`);
