import { WATERMARK_LUA } from "../log/log-reader.ts";
import { ADD_LUA } from "./add.ts";
import { BACKLOG_LUA } from "./backlog.ts";
import { POSITIONS_LUA } from "./positions.ts";
import { REFS_LUA } from "./refs.ts";
import { Script } from "./script.ts";

const WRITING = `${POSITIONS_LUA}${WATERMARK_LUA}${BACKLOG_LUA}${ADD_LUA}
-- The draft whose six begin at ARGV[at].
local function add_draft(writer, at)
  return add_entry(writer, ARGV[at], ARGV[at + 1], ARGV[at + 4], ARGV[at + 5])
end
`;

/**
 * Appends a dead letter as the message that it is now taken for, and lets it go. No ref is remembered for it: who sent
 * it may have sent it again meanwhile, and that one stands.
 *
 * KEYS: log, META, dead letters. ARGV: greatest id seen, id of the dead letter, the draft's six.
 * Answers `+id`, "gone", "no-log" or `-reason`.
 */
export const REPLAY = new Script(`${WRITING}
if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return 'gone' end
local writer = open_log(KEYS[1], KEYS[2], ARGV[1])
if not writer then return 'no-log' end
local id, err = add_draft(writer, 3)
if not id then return '-' .. err end
close_log(writer)
redis.call('XDEL', KEYS[3], ARGV[2])
return '+' .. id
`);

/**
 * Appends a message again whose id the store has given to another one (L13): under its ref and a new id, which its
 * ref then stands for. The old entry leaves the log, so that nobody reads it under an id that is not its own.
 *
 * KEYS: log, META, the four of what is remembered of refs. ARGV: greatest id seen, id of the entry, the draft's six,
 * group, dedupe window in ms, the caller's time in ms since 1970. Answers `+id`, "settled" where it is not pending any
 * more, "no-log" or `-reason`.
 */
export const APPEND_AGAIN = new Script(`${WRITING}${REFS_LUA}
local log, group, window = KEYS[1], ARGV[9], tonumber(ARGV[10])
local pending = redis.pcall('XPENDING', log, group, ARGV[2], ARGV[2], 1)
if pending.err or #pending == 0 then return 'settled' end
local writer = open_log(log, KEYS[2], ARGV[1])
if not writer then return 'no-log' end
local refs = open_refs({KEYS[3], KEYS[4], KEYS[5], KEYS[6]}, writer, window, tonumber(ARGV[11]))
local id, err = add_draft(writer, 3)
if not id then return '-' .. err end
close_log(writer)
if ARGV[4] ~= '' then remember(refs, ARGV[5], ARGV[6] .. id) end
close_refs(refs)
redis.call('XACK', log, group, ARGV[2])
redis.call('XDEL', log, ARGV[2])
return '+' .. id
`);
