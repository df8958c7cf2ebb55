-- @include positions
-- @include totals
-- @include watermark
--
-- Counts the backlog (L7) and trims the log (L12).
--
-- Every entry records how many entries and bytes were appended before it. So the counts in the first entry after the
-- watermark are the totals that are stored. If there is no such entry, everything is stored. Entries from a manual XADD
-- have no valid counts and are skipped. If MAX_SKIPPED entries in a row are invalid, the last known counts stay in use.

local MAX_SKIPPED = 16

-- Returns the counts that an entry records, or nil if they are missing, malformed or greater than the totals.
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

-- Returns the watermark, and the id of the first entry after it or nil. Updates the stored counts in `totals` to the
-- counts up to the watermark. Also writes them to META, unless `meta` is nil. If Redis is out of memory, it may refuse
-- this write, but `totals` is updated even then.
local function refresh_stored(log, meta, group, totals)
  local mark = watermark(log, group)
  local entries, bytes = totals.entries, totals.bytes
  local unstored = redis.call('XRANGE', log, '(' .. mark, '+', 'COUNT', MAX_SKIPPED)
  for _, entry in ipairs(unstored) do
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
  return mark, unstored[1] and unstored[1][1]
end

-- Removes the entries up to and including `bound` and returns their number. Sets `trimmed` in META to the id of the
-- last removed entry, not to `bound`: a reader whose position is between the two ids has missed nothing.
local function trim_up_to(log, meta, bound)
  local last = redis.call('XREVRANGE', log, bound, '-', 'COUNT', 1)[1]
  local ms, seq = position(last and last[1] or 'none')
  if not ms then return 0 end
  local removed = redis.call('XTRIM', log, 'MINID', '=', stream_id(following(ms, seq)))
  redis.call('HSET', meta, 'trimmed', last[1])
  return removed
end
