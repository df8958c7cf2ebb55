/**
 * Lua: the backlog (L7) and trimming (L12). Needs POSITIONS_LUA and WATERMARK_LUA.
 *
 * Every entry carries how much had been appended before it, so what is stored is what the first entry after the
 * watermark says, and all there is when there is none. Entries that hands wrote carry no such counts and are passed
 * over, up to a few; then the last known counts stand.
 */
export const BACKLOG_LUA = `
local PASSED_OVER = 16

local function counts_before(entry, totals)
  local fields, n, b = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'n' then n = fields[i + 1] elseif fields[i] == 'b' then b = fields[i + 1] end
  end
  if not n or not b or not string.match(n, '^%d+$') or not string.match(b, '^%d+$') then return nil end
  n, b = tonumber(n), tonumber(b)
  if n > totals.entries or b > totals.bytes then return nil end
  return n, b
end

-- META's counts; nothing when the log has none and so cannot be written to.
local function read_totals(meta)
  local found = redis.pcall('HMGET', meta, 'epoch', 'entries', 'bytes', 'storedEntries', 'storedBytes')
  if found.err then return nil end
  for i = 1, 5 do if not found[i] then return nil end end
  return {
    epoch = found[1], entries = tonumber(found[2]), bytes = tonumber(found[3]),
    storedEntries = tonumber(found[4]), storedBytes = tonumber(found[5]),
  }
end

-- Brings the stored counts up to the watermark, which it returns. A Redis that is out of memory may refuse to keep
-- them; they are right in totals all the same.
local function refresh_stored(log, meta, group, totals)
  local mark = watermark(log, group)
  local entries, bytes = totals.entries, totals.bytes
  for _, entry in ipairs(redis.call('XRANGE', log, '(' .. mark, '+', 'COUNT', PASSED_OVER)) do
    entries, bytes = counts_before(entry, totals)
    if entries then break end
  end
  if entries and (entries ~= totals.storedEntries or bytes ~= totals.storedBytes) then
    totals.storedEntries, totals.storedBytes = entries, bytes
    redis.pcall('HSET', meta, 'storedEntries', string.format('%.0f', entries),
      'storedBytes', string.format('%.0f', bytes))
  end
  return mark
end

-- Removes the entries up to and with the id given, and says how many. META's trimmed is the last entry removed, not
-- the bound: a reader that stands between the two has lost nothing.
local function trim_up_to(log, meta, bound)
  local last = redis.call('XREVRANGE', log, bound, '-', 'COUNT', 1)[1]
  local ms, seq = position(last and last[1] or 'none')
  if not ms then return 0 end
  local removed = redis.call('XTRIM', log, 'MINID', '=', stream_id(following(ms, seq)))
  redis.call('HSET', meta, 'trimmed', last[1])
  return removed
end
`;
