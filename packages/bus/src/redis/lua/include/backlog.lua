-- @include positions
-- @include watermark
--
-- Counts the backlog (L7) and trims the log (L12).
--
-- Every entry records how many entries and bytes were appended before it. So the first entry after the watermark says
-- how much is stored; if there is no such entry, everything is. Entries from a manual XADD have no valid counts. They
-- are skipped, up to MAX_SKIPPED; beyond that the last known counts stay in use.

local MAX_SKIPPED = 16

-- Returns the counts that an entry records, or nil if they are missing or can't be true.
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

-- Returns the epoch and counts of META, or nil if one is missing. Then nothing may be appended.
local function read_totals(meta)
  local values = redis.pcall('HMGET', meta, 'epoch', 'entries', 'bytes', 'storedEntries', 'storedBytes')
  if values.err then return nil end
  for i = 1, 5 do if not values[i] then return nil end end
  return {
    epoch = values[1], entries = tonumber(values[2]), bytes = tonumber(values[3]),
    storedEntries = tonumber(values[4]), storedBytes = tonumber(values[5]),
  }
end

-- Updates the stored counts to the watermark and returns the watermark. Writes the counts to META, unless `meta` is nil.
-- If Redis is out of memory it may refuse to; `totals` is correct even then.
local function refresh_stored(log, meta, group, totals)
  local mark = watermark(log, group)
  local entries, bytes = totals.entries, totals.bytes
  for _, entry in ipairs(redis.call('XRANGE', log, '(' .. mark, '+', 'COUNT', MAX_SKIPPED)) do
    entries, bytes = counts_before(entry, totals)
    if entries then break end
  end
  if entries and (entries ~= totals.storedEntries or bytes ~= totals.storedBytes) then
    totals.storedEntries, totals.storedBytes = entries, bytes
    if meta then
      redis.pcall('HSET', meta, 'storedEntries', string.format('%.0f', entries),
        'storedBytes', string.format('%.0f', bytes))
    end
  end
  return mark
end

-- Removes the entries up to and including `bound` and returns their number. `trimmed` in META becomes the id of the
-- last removed entry, not `bound`: a reader whose position is between the two has missed nothing.
local function trim_up_to(log, meta, bound)
  local last = redis.call('XREVRANGE', log, bound, '-', 'COUNT', 1)[1]
  local ms, seq = position(last and last[1] or 'none')
  if not ms then return 0 end
  local removed = redis.call('XTRIM', log, 'MINID', '=', stream_id(following(ms, seq)))
  redis.call('HSET', meta, 'trimmed', last[1])
  return removed
end
