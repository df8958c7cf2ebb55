import { Script } from "./script.ts";

// One constant per file of the folder `lua`, except those of `lua/include`. Each file begins with its purpose, KEYS, ARGV and answer.

export const APPEND = new Script("append");
export const CHECK_MASTER = new Script("check_master");
export const CLAIM_IDLE = new Script("claim_idle");
export const ENSURE_LOG = new Script("ensure_log");
export const KEEP_CLAIMS = new Script("keep_claims");
export const LIST_MARKS = new Script("marks/list_marks");
export const MOVE_TO_DEAD_LETTERS = new Script("move_to_dead_letters");
export const PUBLISH_MARKER = new Script("publish_marker");
export const RAISE_MARKS = new Script("marks/raise_marks");
export const READ_HEAD = new Script("read_head");
export const READ_LOG_STATE = new Script("read_log_state");
export const READ_WATERMARK = new Script("read_watermark");
export const REAPPEND = new Script("reappend");
export const REDELIVER = new Script("redeliver");
export const REMOVE_CONSUMERS = new Script("remove_consumers");
export const REMOVE_MARKS = new Script("marks/remove_marks");
export const REPLAY_DEAD_LETTER = new Script("replay_dead_letter");
export const REVOKE = new Script("revocations/revoke");
export const TRIM = new Script("trim");
