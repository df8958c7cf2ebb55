-- The formats of a log that this version knows (L25). Equal to FORMATS in format/log-format.ts.
local FORMATS = { ['1'] = true, ['2'] = true }

-- Returns the epoch, format, counts and last id of META: see format/keys.ts. Returns nil if the epoch or a count is
-- missing; then nothing may be appended.
local function read_totals(meta)
  local values = redis.pcall('HMGET', meta, 'epoch', 'entries', 'bytes', 'storedEntries', 'storedBytes', 'format', 'last')
  if values.err or not (values[1] and values[2] and values[3] and values[4] and values[5]) then return nil end
  return {
    epoch = values[1], entries = tonumber(values[2]), bytes = tonumber(values[3]),
    storedEntries = tonumber(values[4]), storedBytes = tonumber(values[5]), format = values[6] or '1',
    last = values[7] or '',
  }
end
