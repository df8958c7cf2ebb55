import { type Group, group } from "./read.ts";
import { pick } from "./variables.ts";

const appendingVariables = pick(
  "REDIS_URL",
  "REDIS_NAMESPACE",
  "DEDUPE_WINDOW_MS",
  "DEDUPE_MAX_REFS",
  "BACKLOG_MAX_ENTRIES",
  "BACKLOG_MAX_BYTES",
  "DURABILITY",
  "ALLOW_WEAK_DURABILITY",
);

/** Settings of a log in Redis for a process that appends to it, as `RedisBus` of @parley/bus takes them. */
interface AppendingLogSettings {
  readonly url: string;
  readonly namespace: string | undefined;
  readonly dedupeWindowMs: number;
  readonly dedupeMaxRefs: number;
  readonly backlogMaxEntries: number;
  readonly backlogMaxBytes: number;
  readonly durability: "local" | "replicated";
  readonly allowWeakDurability: boolean;
}

/** The variables of a process that appends to the log in Redis. All such processes need the same values. */
export function appendingLog(): Group<AppendingLogSettings> {
  return group(appendingVariables, (values) => ({
    url: values.REDIS_URL,
    namespace: values.REDIS_NAMESPACE,
    dedupeWindowMs: values.DEDUPE_WINDOW_MS,
    dedupeMaxRefs: values.DEDUPE_MAX_REFS,
    backlogMaxEntries: values.BACKLOG_MAX_ENTRIES,
    backlogMaxBytes: values.BACKLOG_MAX_BYTES,
    durability: values.DURABILITY,
    allowWeakDurability: values.ALLOW_WEAK_DURABILITY,
  }));
}
