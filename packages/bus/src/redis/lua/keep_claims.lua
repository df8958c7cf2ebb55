-- Resets the idle time of entries that this consumer still works on, so that no other consumer takes them over. Doesn't
-- change how often they were delivered.
--
-- KEYS: the log. ARGV: the group, the consumer, ids ...
-- Answer: 'OK'.

local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
for i = 3, #ARGV do
  if redis.call('XPENDING', log, group, ARGV[i], ARGV[i], 1, consumer)[1] then
    redis.call('XCLAIM', log, group, consumer, 0, ARGV[i], 'JUSTID')
  end
end
return 'OK'
