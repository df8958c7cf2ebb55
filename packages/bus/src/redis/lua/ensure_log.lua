-- @include positions
-- @include watermark
-- @include backlog
-- @include take_over
-- @include revocations
--
-- Creates the log if there is none, and repairs a log that a manual change or a failover left incomplete. A log of this
-- installation under former names is moved here first. Does all this in one script, so that any number of persisters may
-- start at the same time.
--
-- KEYS: the keys of the log's place, then those of each former place: see include/take_over.lua. Last the key that
--   holds the text for the former place.
-- ARGV: the group; a new epoch; the greatest id in the store, as a stream id. The log assigns only greater ids (L1). The
--   store's name or ''; the format that the operator wants or ''; '0' if a missing log isn't to be created. The
--   store's revocations, each as `field number time` and a newline (L26). Then for each former place its tag, and '1' if nobody else can have it.
-- Answer: {outcome, last id, tag of the former place from which the log was moved or '', tag of a former place whose log
--   may be this installation's or '', the former format if it was changed or '', the number of revocations that were restored}. The outcome is 'kept' (nothing had to be done); 'created'; 'repaired' (the group
--   or META was missing); or 'raised' (the log ended below the store, so it is treated as a new log: it gets a new
--   epoch, L3). {'unusable', reason} if the log can't be used. {'missing'} if there is none and none is to be created.

local log, meta = KEYS[1], KEYS[2]
local group, epoch, floor, store, wanted_format = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local places = {}
for i = 8, #ARGV, 2 do places[#places + 1] = { tag = ARGV[i], is_certain = ARGV[i + 1] == '1' } end

-- Returns the position just before the first entry, or `last` if the log is empty.
local function before_first(last)
  local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  return first and before(first[1]) or last
end

local function has_group()
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', log)) do
    for i = 1, #info, 2 do
      if info[i] == 'name' and info[i + 1] == group then return true end
    end
  end
  return false
end

-- Returns how many entries and bytes were appended in total. Uses the counts in the last entry that has valid ones.
local function recount()
  local no_totals = { entries = math.huge, bytes = math.huge }
  for _, entry in ipairs(redis.call('XREVRANGE', log, '+', '-', 'COUNT', MAX_SKIPPED)) do
    local n, b = counts_before(entry, no_totals)
    if n then return n + 1, b + #table.concat(entry[2]) end
  end
  return 0, 0
end

local function format_of_log()
  return redis.call('HGET', meta, 'format') or '1'
end

local function write_meta(format, trimmed, entries, bytes)
  local revocations = redis.call('HGET', meta, 'revocations')
  redis.call('DEL', meta)
  if revocations then redis.call('HSET', meta, 'revocations', revocations) end
  redis.call('HSET', meta, 'epoch', epoch, 'trimmed', trimmed, 'format', format,
    'entries', string.format('%.0f', entries), 'bytes', string.format('%.0f', bytes),
    'storedEntries', string.format('%.0f', entries), 'storedBytes', string.format('%.0f', bytes))
end

-- Notes whose log this is. Redis may refuse this if it is out of memory, and the next call tries again.
local function note_store()
  if store ~= '' and redis.call('HGET', meta, 'store') ~= store then redis.pcall('HSET', meta, 'store', store) end
end

-- Writes those of the store's revocations that the log doesn't have (L26). Returns their number.
local function restore_revocations()
  local changes = {}
  for field, number, time in string.gmatch(ARGV[7], '(%S+) (%d+) (%d+)\n') do
    changes[#changes + 1] = { field, number, time }
  end
  if #changes == 0 then return 0 end
  local _, written = change_revocations(meta, KEYS[REVOCATIONS], epoch, changes)
  return written
end

-- Returns the format of a new log (L25). Only if the store is empty, the installation is certainly new. Otherwise its log
-- was lost, and processes of an earlier version, which know format 1 alone, may be running.
local function format_of_new_log()
  if wanted_format ~= '' then return wanted_format end
  return redis.call('HGET', meta, 'format') or (floor == '0-0' and '2' or '1')
end

-- Gives the log the wanted format. Returns the former one if it has changed, otherwise ''. Redis may refuse the write if
-- it is out of memory, and the next call tries again.
local function change_format()
  local former = format_of_log()
  if wanted_format == '' or wanted_format == former then return '' end
  local changed = redis.pcall('HSET', meta, 'format', wanted_format)
  return type(changed) == 'number' and former or ''
end

-- Says why a key of another type is in the log's place.
local function reason_of(kind)
  local text = kind == 'string' and redis.call('GET', log) or ''
  if string.sub(text, 1, 9) ~= 'moved to ' then return 'the key of the log holds a ' .. kind end
  return 'the log ' .. log .. ' was ' .. text .. ': set REDIS_URL and REDIS_NAMESPACE as for the other processes'
end

local found = {}
if type_of(log) == 'none' then
  if ARGV[6] == '0' then return {'missing'} end
  found = take_over(group, store, places, KEYS[#KEYS])
  if found.problem then return {'unusable', found.problem} end
end
local kind = type_of(log)
if kind == 'none' then
  -- This must be the first write: if Redis is out of memory, it refuses this command, and nothing is left half done.
  redis.call('XGROUP', 'CREATE', log, group, floor, 'MKSTREAM')
  if floor ~= '0-0' then redis.call('XSETID', log, floor) end
  write_meta(format_of_new_log(), floor, 0, 0)
  -- Marks of a log that was lost could lie beyond the end of this one (L27).
  redis.call('UNLINK', KEYS[MARKS], KEYS[MARKS_SHARES])
  note_store()
  leave_notices(places)
  return {'created', floor, '', found.unproven or '', '', restore_revocations()}
end
if kind ~= 'stream' then return {'unusable', reason_of(kind)} end
local format = format_of_log()
if not FORMATS[format] then return {'unusable', 'the log has format ' .. format .. ', which a later version of Parley wrote'} end
local last = last_id(log)
local ms, seq = position(last)
if not ms then return {'unusable', 'the log has an entry whose id is too large for Parley'} end

local outcome = 'kept'
local totals = read_totals(meta)
local trimmed = totals and redis.call('HGET', meta, 'trimmed')
if not totals or not trimmed then
  outcome = 'repaired'
  trimmed = before_first(last)
  write_meta(format, trimmed, recount())
end
if not has_group() then
  outcome = 'repaired'
  redis.call('XGROUP', 'CREATE', log, group, trimmed)
end
local floor_ms, floor_seq = position(floor)
if is_after(floor_ms, floor_seq, ms, seq) then
  outcome, last = 'raised', floor
  redis.call('XSETID', log, floor)
  redis.call('HSET', meta, 'epoch', epoch)
end
if outcome ~= 'kept' then refresh_stored(log, meta, group, read_totals(meta)) end
note_store()
return {outcome, last, found.moved or '', '', change_format(), restore_revocations()}
