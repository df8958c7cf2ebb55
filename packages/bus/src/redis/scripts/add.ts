import { VERSION } from "../entry.ts";

/**
 * Lua: putting messages into the log. Needs POSITIONS_LUA and BACKLOG_LUA. `open_log` checks, `add_entry` appends one
 * message, makes its dedupe key and publishes it, `close_log` keeps the totals.
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

-- The id of the new entry, or nothing and the refusal. What is refused leaves nothing behind.
local function add_entry(writer, draft, window)
  local totals = writer.totals
  local ms, seq = writer.now, 0
  if not is_after(ms, seq, writer.ms, writer.seq) then ms, seq = following(writer.ms, writer.seq) end
  if ms > MAX_MS then return nil, 'ids are used up' end
  local id = stream_id(ms, seq)
  local added = redis.pcall('XADD', writer.log, 'NOMKSTREAM', id, 'v', '${VERSION}', 'm', draft.body, 'r', draft.ref,
    'n', string.format('%.0f', totals.entries), 'b', string.format('%.0f', totals.bytes))
  if type(added) ~= 'string' then return nil, added and added.err or 'no log' end
  writer.ms, writer.seq, writer.added = ms, seq, writer.added + 1
  totals.entries, totals.bytes = totals.entries + 1, totals.bytes + draft.bytes
  if draft.key then
    redis.pcall('SET', draft.key, totals.epoch .. ' ' .. id .. ' ' .. draft.digest, 'PX', window)
  end
  local payload = id .. ' ' .. draft.body
  for _, channel in ipairs({draft.first, draft.second}) do
    if channel ~= '' then
      local heard = redis.pcall('PUBLISH', channel, payload)
      if type(heard) == 'table' then writer.unheard = heard.err end
    end
  end
  return id
end

local function close_log(writer)
  if writer.added == 0 then return end
  redis.call('HSET', writer.meta, 'entries', string.format('%.0f', writer.totals.entries),
    'bytes', string.format('%.0f', writer.totals.bytes))
end

local function known_keys(counts)
  local total = redis.pcall('HGET', counts, 'total')
  return type(total) == 'string' and tonumber(total) or 0
end

-- Counts dedupe keys by the minute they were made in, and forgets those of minutes that have left the window (L5).
local function count_keys(counts, made, now, window)
  local minute = math.floor(now / 60000)
  local pruned = redis.pcall('HGET', counts, 'pruned')
  if type(pruned) == 'table' or (made == 0 and not pruned) then return end
  if made > 0 then
    redis.pcall('HINCRBY', counts, string.format('%.0f', minute), made)
    redis.pcall('HINCRBY', counts, 'total', made)
  end
  -- Another minute, not a later one: a clock may have gone back.
  if pruned and minute == tonumber(pruned) then return end
  local fields = redis.call('HGETALL', counts)
  local total = 0
  for i = 1, #fields, 2 do
    local made_in = tonumber(fields[i])
    if made_in and (made_in + 1) * 60000 + window <= now then
      redis.call('HDEL', counts, fields[i])
    elseif made_in then
      total = total + tonumber(fields[i + 1])
    end
  end
  redis.pcall('HSET', counts, 'total', string.format('%.0f', total), 'pruned', string.format('%.0f', minute))
end
`;
