-- @include position
-- @include totals
--
-- Appends entries to the log. `open_writer` reads the log's last id and totals, `add_entry` appends and publishes one
-- entry, and `close_writer` writes the new totals and the last id to META.
--
-- The last id comes from META, because asking the stream for it costs as much as adding an entry. META may be behind: an
-- earlier version doesn't write the id, and neither does a manual XADD. Then Redis refuses the XADD, whose id must be
-- greater than the stream's last id, and the writer asks the stream. META may be ahead if the stream was replaced by
-- hand. Then ids continue after META's, so they don't go back either (L1).

-- Added to the size of body and ref to get an entry's size. Equal to ENTRY_BYTES in format/entry.ts.
local ENTRY_BYTES = 64

-- The reason of `add_entry` if there is no log, or its last id is too large.
local NO_LOG = 'no log'

-- Moves the writer to a stream id, unless it is there or beyond it already. Returns nil if `id` isn't a stream id.
local function move_past(writer, id)
  local ms, seq = position(id)
  if ms and (ms > writer.ms or ms == writer.ms and seq > writer.seq) then writer.ms, writer.seq = ms, seq end
  return ms
end

-- Returns true if there is a log to which the writer can append. Unless that is certain, asks the stream for its last id.
local function has_log(writer)
  if writer.is_certain then return true end
  -- @include positions
  local last = last_id(writer.log)
  writer.is_certain = last and move_past(writer, last) ~= nil
  return writer.is_certain
end

-- Returns a writer, or nil if there is no usable log: META lacks counts or names a later format, or neither META nor the
-- stream has a last id. If META has one, only `add_entry` or `has_log` notices that the stream is missing.
-- New ids are after the log's last id and `highest_id`, and not before the server's time. So ids never go back (L1).
local function open_writer(log, meta, highest_id)
  local totals = read_totals(meta)
  if not totals or not FORMATS[totals.format] then return nil end
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  -- `ms` and `seq` are the last id that was assigned or must not be reached. -1 lets the server's time be the next one.
  local writer = { log = log, meta = meta, totals = totals, now = now, ms = now, seq = -1, added = 0, is_certain = false,
    publish_error = nil }
  if not move_past(writer, totals.last) and not has_log(writer) then return nil end
  if highest_id ~= totals.last then move_past(writer, highest_id) end
  return writer
end

-- Publishes. An error must not fail the script: the entry is in the log already, and gateways can read it there.
local function publish(writer, channel, payload)
  local result = redis.pcall('PUBLISH', channel, payload)
  if type(result) == 'table' then writer.publish_error = result.err end
end

-- Appends an entry and publishes it on `channel`, and on `second_channel` unless that is ''. `version` and `kind` are
-- those of format/encoded-draft.ts. Returns the id of the new entry. If the entry can't be added, changes nothing and
-- returns nil and the reason.
local function add_entry(writer, body, ref, channel, second_channel, version, kind)
  local totals, ms, seq, added = writer.totals, writer.ms, writer.seq + 1, nil
  if seq > MAX_SEQ then ms, seq = ms + 1, 0 end
  if ms > MAX_MS then return nil, 'ids are used up' end
  local id, n, b = string.format('%d-%d', ms, seq), totals.entries, totals.bytes
  if kind == '' then
    added = redis.pcall('XADD', writer.log, 'NOMKSTREAM', id, 'v', version, 'm', body, 'r', ref, 'n', n, 'b', b)
  else
    added = redis.pcall('XADD', writer.log, 'NOMKSTREAM', id, 'v', version, 'k', kind, 'm', body, 'r', ref, 'n', n, 'b', b)
  end
  if type(added) ~= 'string' then
    if writer.is_certain then return nil, added and added.err or NO_LOG end
    if not has_log(writer) then return nil, NO_LOG end
    return add_entry(writer, body, ref, channel, second_channel, version, kind)
  end
  writer.ms, writer.seq, writer.added, writer.is_certain = ms, seq, writer.added + 1, true
  -- `#` counts bytes, as Redis does.
  totals.entries, totals.bytes, totals.last = n + 1, b + #body + #ref + ENTRY_BYTES, id
  -- From format 2 on, what is published names the log: a gateway may still follow an earlier one (L25). What is published
  -- of a change always does, so that no earlier version takes its kind for a body.
  local payload
  if kind ~= '' then payload = id .. ' ' .. totals.epoch .. ' ' .. kind .. ' ' .. body
  elseif totals.format == '1' then payload = id .. ' ' .. body
  else payload = id .. ' ' .. totals.epoch .. ' ' .. body end
  publish(writer, channel, payload)
  if second_channel ~= '' then publish(writer, second_channel, payload) end
  return id
end

local function close_writer(writer)
  if writer.added == 0 then return end
  local totals = writer.totals
  redis.call('HSET', writer.meta, 'entries', totals.entries, 'bytes', totals.bytes, 'last', totals.last)
end
