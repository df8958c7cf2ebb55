import { ENTRY_BYTES, VERSION } from "../format/entry.ts";

/**
 * Lua: putting messages into the log. Needs POSITIONS_LUA and BACKLOG_LUA. `open_log` checks, `add_entry` appends one
 * message and publishes it, `close_log` keeps the totals.
 */
export const ADD_LUA = `
-- What a series of appends goes by, or nothing when the log is not there or cannot be counted. Ids go on from the
-- greatest of the log's last one, the one given and the clock, so they never go back (L1).
local function open_log(log, meta, seen)
  local last = last_id(log)
  local totals = last and read_totals(meta)
  if not totals then return nil end
  local ms, seq = position(last)
  local seen_ms, seen_seq = position(seen)
  if not ms then return nil end
  if is_after(seen_ms, seen_seq, ms, seq) then ms, seq = seen_ms, seen_seq end
  return { log = log, meta = meta, totals = totals, ms = ms, seq = seq, now = clock(), added = 0 }
end

-- What an entry counts in the backlog (L7). Lua counts bytes, as Redis keeps them.
local function bytes_of(body, ref)
  return #body + #ref + ${ENTRY_BYTES}
end

local function publish(writer, channel, payload)
  local heard = redis.pcall('PUBLISH', channel, payload)
  if type(heard) == 'table' then writer.unheard = heard.err end
end

-- The id of the new entry, or nothing and the refusal. What is refused leaves nothing behind. Told on one channel, or
-- on two where the second is not "".
local function add_entry(writer, body, ref, channel, second)
  local totals = writer.totals
  local ms, seq = writer.now, 0
  if not is_after(ms, seq, writer.ms, writer.seq) then ms, seq = following(writer.ms, writer.seq) end
  if ms > MAX_MS then return nil, 'ids are used up' end
  local id = stream_id(ms, seq)
  local added = redis.pcall('XADD', writer.log, 'NOMKSTREAM', id, 'v', '${VERSION}', 'm', body, 'r', ref,
    'n', string.format('%d', totals.entries), 'b', string.format('%d', totals.bytes))
  if type(added) ~= 'string' then return nil, added and added.err or 'no log' end
  writer.ms, writer.seq, writer.added = ms, seq, writer.added + 1
  totals.entries, totals.bytes = totals.entries + 1, totals.bytes + bytes_of(body, ref)
  local payload = id .. ' ' .. body
  publish(writer, channel, payload)
  if second ~= '' then publish(writer, second, payload) end
  return id
end

local function close_log(writer)
  if writer.added == 0 then return end
  redis.call('HSET', writer.meta, 'entries', string.format('%d', writer.totals.entries),
    'bytes', string.format('%d', writer.totals.bytes))
end
`;
