-- The age clock, by which refs are forgotten (L5). Works with the state hash of refs.lua.
--
-- A script can read only the server's time, which may jump. The log's time never goes back, but after a jump ahead it
-- doesn't move until the server's time has caught up. So refs are aged by a clock of their own. Each call adds the
-- server's time since the last write of the clock, at least 0 and at most MAX_STEP_MS. So the clock never goes back, it
-- goes on after any jump, and a jump ahead adds at most MAX_STEP_MS (F17). It is late by the times in which no gateway
-- called. Every gateway calls at least every two seconds, even if it has nothing to append.
--
-- Fields of the state hash:
--
-- - 'clock': the server's time at the last write, and the age clock.
-- - 'age0', 'age1', 'age2': for each hash of refs, the log's time at which it became current, as the fields '0', '1' and
--   '2' have it, and the age clock at that moment.
--
-- Earlier versions know neither. Without a clock, it starts at the log's time, by which they have written the fields '0',
-- '1' and '2'. If one of these has changed since, an earlier version runs beside this one and has made its hash current
-- at most a call ago.

local AGE_FIELDS = { 'clock', 'age0', 'age1', 'age2' }
-- More than a gateway's longest pause between two calls, so that the clock keeps the pace of real time.
local MAX_STEP_MS = 3000
-- A call without new refs writes the clock only if the server's time has changed by this much since the last write.
local SAVE_AFTER_MS = 500

local function two_numbers(text)
  local first, second = string.match(text or '', '^(%d+) (%d+)$')
  return tonumber(first), tonumber(second)
end

-- Sets the age clock in `refs`, and the ages at which the hashes became current, from the values of AGE_FIELDS.
local function read_ages(refs, values)
  local seen, age = two_numbers(values[1])
  if not seen then
    refs.ages, refs.are_ages_unsaved, refs.is_age_unsaved = { unpack(refs.began) }, true, true
    return
  end
  local passed = refs.clock_ms - seen
  refs.age = age + math.min(math.max(passed, 0), MAX_STEP_MS)
  refs.is_age_unsaved = math.abs(passed) >= SAVE_AFTER_MS
  for i = 1, 3 do
    local began, mark = two_numbers(values[i + 1])
    refs.ages[i] = began == refs.began[i] and mark or refs.age
    if began ~= refs.began[i] then refs.are_ages_unsaved, refs.is_age_unsaved = true, true end
  end
end

local function age_clock(refs)
  return string.format('%d %d', refs.clock_ms, refs.age)
end

-- Returns the fields and values of 'age0', 'age1' and 'age2'.
local function age_marks(refs)
  local fields = {}
  for i = 1, 3 do
    fields[#fields + 1] = AGE_FIELDS[i + 1]
    fields[#fields + 1] = string.format('%d %d', refs.began[i], refs.ages[i])
  end
  return fields
end
