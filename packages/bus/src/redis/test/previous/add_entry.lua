-- @include positions
-- @include backlog
--
-- Appends entries to the log. `open_writer` reads the log's last id and totals, `add_entry` appends and publishes one
-- message, and `close_writer` writes the new totals to META.

-- The format version of the entries. Equal to VERSION in format/entry.ts.
local VERSION = '1'
-- Added to the size of body and ref to get an entry's size. Equal to ENTRY_BYTES in format/entry.ts.
local ENTRY_BYTES = 64

-- Returns a writer, or nil if there is no usable log: it is missing, META lacks counts, its last id is too large, or
-- META names a later format.
-- New ids are after the log's last id and `highest_id`, and not before the server's time. So ids never go back (L1).
local function open_writer(log, meta, highest_id)
  local last = last_id(log)
  local totals = last and read_totals(meta)
  if not totals or not FORMATS[totals.format] then return nil end
  local ms, seq = position(last)
  local highest_ms, highest_seq = position(highest_id)
  if not ms then return nil end
  if is_after(highest_ms, highest_seq, ms, seq) then ms, seq = highest_ms, highest_seq end
  -- From format 2 on, what is published names the log: a gateway may still follow an earlier one (L25).
  local names_epoch = totals.format ~= '1' and totals.epoch .. ' ' or ''
  return { log = log, meta = meta, totals = totals, ms = ms, seq = seq, now = clock(), added = 0, prefix = names_epoch }
end

-- Returns the size by which an entry increases the backlog (L7). `#` counts bytes, as Redis does.
local function bytes_of(body, ref)
  return #body + #ref + ENTRY_BYTES
end

-- Publishes. An error must not fail the script: the entry is in the log already, and gateways can read it there.
local function publish(writer, channel, payload)
  local result = redis.pcall('PUBLISH', channel, payload)
  if type(result) == 'table' then writer.publish_error = result.err end
end

-- Appends an entry and publishes the message on `channel`, and on `second_channel` unless that is ''. Returns the id of
-- the new entry. If the entry can't be added, changes nothing and returns nil and the reason.
local function add_entry(writer, body, ref, channel, second_channel)
  local totals = writer.totals
  local ms, seq = writer.now, 0
  if not is_after(ms, seq, writer.ms, writer.seq) then ms, seq = following(writer.ms, writer.seq) end
  if ms > MAX_MS then return nil, 'ids are used up' end
  local id = stream_id(ms, seq)
  local added = redis.pcall('XADD', writer.log, 'NOMKSTREAM', id, 'v', VERSION, 'm', body, 'r', ref,
    'n', string.format('%d', totals.entries), 'b', string.format('%d', totals.bytes))
  if type(added) ~= 'string' then return nil, added and added.err or 'no log' end
  writer.ms, writer.seq, writer.added = ms, seq, writer.added + 1
  totals.entries, totals.bytes = totals.entries + 1, totals.bytes + bytes_of(body, ref)
  local payload = id .. ' ' .. writer.prefix .. body
  publish(writer, channel, payload)
  if second_channel ~= '' then publish(writer, second_channel, payload) end
  return id
end

local function close_writer(writer)
  if writer.added == 0 then return end
  redis.call('HSET', writer.meta, 'entries', string.format('%d', writer.totals.entries),
    'bytes', string.format('%d', writer.totals.bytes))
end
