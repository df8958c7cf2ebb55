-- Delivers again the entries that are still pending for this consumer. Leaves out entries that were acknowledged or
-- that another consumer has taken over.
--
-- KEYS: the log. ARGV: the group, the consumer, ids ...
-- Answer: in the form of claim_idle.lua's answer, with '' as the cursor.

local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local entries, deliveries, gone = {}, {}, {}
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', log, group, ARGV[i], ARGV[i], 1, consumer)[1]
  if pending then
    local entry = redis.call('XCLAIM', log, group, consumer, 0, ARGV[i])[1]
    if entry then
      entries[#entries + 1] = entry
      deliveries[#deliveries + 1] = pending[4] + 1
    else
      gone[#gone + 1] = ARGV[i]
    end
  end
end
return {'', entries, deliveries, gone}
