-- Takes over entries that were idle for the given time at their consumer, which may be the caller itself (L10).
--
-- KEYS: the log. ARGV: the group, the consumer, the idle time in ms, a cursor, the maximum number of entries.
-- Answer: {the next cursor, the entries, a list of how often each entry was delivered, the pending ids whose entries
--   are no longer in the log}.

local log, group = KEYS[1], ARGV[1]

-- Redis measures the idle time from the time of the delivery, by its clock. If the clock was ahead then and has gone
-- back, the entry isn't idle until the clock gets there again, perhaps for hours (F17). Such an entry looks like one
-- that was delivered in this millisecond. So this resets the delivery time of both to the present, for their consumers.
-- If the entry is no longer in the log, XCLAIM removes the pending id and returns nothing.
local gone = {}
for _, pending in ipairs(redis.call('XPENDING', log, group, '-', '+', ARGV[5])) do
  if pending[3] == 0 and #redis.call('XCLAIM', log, group, pending[2], 0, pending[1], 'JUSTID') == 0 then
    gone[#gone + 1] = pending[1]
  end
end
local claimed = redis.call('XAUTOCLAIM', log, group, ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local deliveries = {}
for i, entry in ipairs(claimed[2]) do
  deliveries[i] = redis.call('XPENDING', log, group, entry[1], entry[1], 1)[1][4]
end
for _, id in ipairs(claimed[3] or {}) do gone[#gone + 1] = id end
return {claimed[1], claimed[2], deliveries, gone}
