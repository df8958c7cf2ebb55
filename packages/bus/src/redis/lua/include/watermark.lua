-- @include positions
--
-- Computes the watermark: every entry up to this stream id is stored (L12). Each script computes the watermark itself,
-- because the watermark could be out of date if another script had computed it.

-- Returns the position just before `id`. Converts its numbers only where necessary, because an id that isn't Parley's
-- may have numbers that are too large for Lua.
local function before(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if seq ~= '0' then return ms .. '-' .. string.format('%.0f', tonumber(seq) - 1) end
  return string.format('%.0f-%d', tonumber(ms) - 1, MAX_SEQ)
end

-- Returns the position just before the lowest pending id, or the group's last delivered id if nothing is pending.
-- Returns '0-0' if there is no log or no group.
local function watermark(log, group)
  local pending = redis.pcall('XPENDING', log, group)
  if pending.err then return '0-0' end
  if pending[1] > 0 then return before(pending[2]) end
  for _, info in ipairs(redis.call('XINFO', 'GROUPS', log)) do
    local fields = {}
    for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
    if fields['name'] == group then return fields['last-delivered-id'] end
  end
  return '0-0'
end
