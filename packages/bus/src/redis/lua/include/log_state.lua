-- @include positions
-- @include backlog
--
-- Measures the log for operators: the backlog (L7), the age of its oldest entry, and the number of dead letters (L10).

-- Appends to `answer`: the log's last id, the watermark, the backlog in entries and in bytes, the age of the first entry
-- after the watermark in ms or 0, and the number of dead letters. The age counts from the time in the entry's id to the
-- server's time. It is 0 if the id is ahead of that time (F17).
local function add_log_state(answer, last, mark, first, totals, dead_letters)
  local ms = first and position(first)
  local numbers = {
    totals.entries - totals.storedEntries, totals.bytes - totals.storedBytes,
    ms and math.max(0, clock() - ms) or 0, redis.call('XLEN', dead_letters),
  }
  answer[#answer + 1], answer[#answer + 2] = last, mark
  for _, number in ipairs(numbers) do answer[#answer + 1] = string.format('%.0f', number) end
  return answer
end
