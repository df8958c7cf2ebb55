import { Script } from "./script.ts";

/**
 * Takes over entries that their consumer has been silent about, itself included.
 *
 * KEYS: log. ARGV: group, consumer, idle time in ms, cursor, most entries.
 * Answers `{next cursor, entries, how often each has been given out, ids that are pending and in the log no more}`.
 */
export const CLAIM = new Script(`
local log, group = KEYS[1], ARGV[1]
local claimed = redis.call('XAUTOCLAIM', log, group, ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local deliveries = {}
for i, entry in ipairs(claimed[2]) do
  deliveries[i] = redis.call('XPENDING', log, group, entry[1], entry[1], 1)[1][4]
end
return {claimed[1], claimed[2], deliveries, claimed[3] or {}}
`);

/**
 * Gives out again what this consumer still holds; what another has taken over, or settled, is left out.
 *
 * KEYS: log. ARGV: group, consumer, ids. Answers as CLAIM does, with no cursor.
 */
export const RETAKE = new Script(`
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local entries, deliveries, gone = {}, {}, {}
for i = 3, #ARGV do
  local held = redis.call('XPENDING', log, group, ARGV[i], ARGV[i], 1, consumer)[1]
  if held then
    local entry = redis.call('XCLAIM', log, group, consumer, 0, ARGV[i])[1]
    if entry then
      entries[#entries + 1] = entry
      deliveries[#deliveries + 1] = held[4] + 1
    else
      gone[#gone + 1] = ARGV[i]
    end
  end
end
return {'', entries, deliveries, gone}
`);

/**
 * Says that this consumer is still at work on what it holds, so that no other takes it over; counts no delivery.
 *
 * KEYS: log. ARGV: group, consumer, ids.
 */
export const KEEP = new Script(`
local log, group, consumer = KEYS[1], ARGV[1], ARGV[2]
for i = 3, #ARGV do
  if redis.call('XPENDING', log, group, ARGV[i], ARGV[i], 1, consumer)[1] then
    redis.call('XCLAIM', log, group, consumer, 0, ARGV[i], 'JUSTID')
  end
end
return 'OK'
`);

/**
 * Deletes consumers that hold nothing: the one named, and those that have been silent for the time given (L11).
 * DELCONSUMER drops what a consumer holds, so this is looked at in the same script. What the one named still holds
 * may be taken over at once.
 *
 * KEYS: log. ARGV: group, consumer or "", silent time in ms. Answers how many were deleted.
 */
export const REMOVE_CONSUMERS = new Script(`
local log, group, own, silent = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

local function let_lie(consumer)
  for _, held in ipairs(redis.call('XPENDING', log, group, '-', '+', 1000, consumer)) do
    redis.call('XCLAIM', log, group, consumer, 0, held[1], 'IDLE', silent, 'JUSTID')
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
    if is_own then let_lie(own) end
  elseif is_own or consumer.idle > silent then
    redis.call('XGROUP', 'DELCONSUMER', log, group, consumer.name)
    removed = removed + 1
  end
end
return removed
`);
