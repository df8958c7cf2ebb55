-- Deletes consumers without pending entries (L11): the named consumer, and all that were silent for longer than the
-- given time. Checks and deletes in one script, because XGROUP DELCONSUMER also drops a consumer's pending entries. If
-- the named consumer has pending entries, it isn't deleted, and other consumers may take the entries over at once.
--
-- KEYS: the log. ARGV: the group, the consumer or '', the silent time in ms.
-- Answer: the number of consumers that were deleted.

local log, group, own, silent = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

-- Sets the idle time of a consumer's pending entries to the silent time, so that others can claim them at once.
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
