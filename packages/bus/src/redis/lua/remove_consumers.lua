-- Deletes consumers that hold no entries (L11): the caller, if it is named, and all that were silent for the given
-- time. Checks and deletes in one script, since XGROUP DELCONSUMER also drops the entries that a consumer holds. If
-- the named consumer still holds entries it stays, and others may take its entries over at once.
--
-- KEYS: the log. ARGV: the group, the consumer or '', the silent time in ms.
-- Answer: the number of consumers that were deleted.

local log, group, own, silent = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Marks a consumer's entries as idle for the silent time, so that they can be claimed.
local function release_pending(consumer)
  for _, pending in ipairs(redis.call('XPENDING', log, group, '-', '+', 1000, consumer)) do
    redis.call('XCLAIM', log, group, consumer, 0, pending[1], 'IDLE', silent, 'JUSTID')
  end
end

local infos = redis.pcall('XINFO', 'CONSUMERS', log, group)
if infos.err then return 0 end
local removed = 0
for _, info in ipairs(infos) do
  local consumer = {}
  for i = 1, #info, 2 do consumer[info[i]] = info[i + 1] end
  local is_own = consumer.name == own
  if consumer.pending > 0 then
    if is_own then release_pending(own) end
  elseif is_own or consumer.idle > silent then
    redis.call('XGROUP', 'DELCONSUMER', log, group, consumer.name)
    removed = removed + 1
  end
end
return removed
