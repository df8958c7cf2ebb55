import type { RedisFacts } from "@parley/bus/redis";
import { redactUrl } from "@parley/service";
import { type Finding, note, ok, wrong } from "./finding.ts";

const MIN_MAJOR_VERSION = 7;
/** A log that is further ahead of this machine's clock is wrong. The persisters warn at the same lead. */
const MAX_LEAD_MS = 60_000;

export interface RedisConfig {
  /** True if DURABILITY requires a replica (L9). */
  readonly replicated: boolean;
  /** True if ALLOW_WEAK_DURABILITY is set (L8). */
  readonly weakAllowed: boolean;
  /** The value of BACKLOG_MAX_BYTES. */
  readonly backlogBytes: number;
}

/** Checks a Redis against the log's requirements (docs/operating.md, Redis). */
export function checkRedis(facts: RedisFacts, config: RedisConfig): Finding[] {
  return [
    facts.major >= MIN_MAJOR_VERSION
      ? ok("redis", facts.server)
      : wrong("redis", `${facts.server} is too old`, "Use Redis 7 or newer, or Valkey."),
    ...checkRole(facts),
    ...checkDurability(facts, config.weakAllowed),
    ...checkReplicas(facts, config.replicated),
    ...checkMemory(facts, config.backlogBytes),
    ...checkLog(facts),
    ...checkFormerLogs(facts),
  ];
}

export function redisUnreachable(url: string, reason: string): Finding {
  return wrong("redis", `${redactUrl(url)}: ${reason}`, "Start it, or set REDIS_URL to its address.");
}

function checkLog({ tag, logEntries, logFormat, logAheadMs }: RedisFacts): Finding[] {
  if (logEntries === undefined || logAheadMs === undefined) {
    return [note("log", "there is no log yet", "A persister creates it: start one.")];
  }
  const entries = ok("log", `${logEntries} entries in ${tag}:log, format ${logFormat}`);
  if (logAheadMs <= MAX_LEAD_MS) return [entries];
  const detail = `it is ${Math.round(logAheadMs / 1000)} s ahead of this machine's clock, and gives its time to new messages`;
  const fix = "Correct the clocks, Redis' first, and wait: see Clocks in docs/operating.md.";
  return [entries, wrong("log time", detail, fix)];
}

/** A log under former names may be waiting for a persister, or be a neighbour's, or be forgotten (L38). */
function checkFormerLogs({ formerLogs, tag, logEntries }: RedisFacts): Finding[] {
  const see = "see Names in Redis in docs/operating.md";
  return formerLogs.map(({ tag: former, entries, isOurs }) => {
    const log = `${former}:log has ${entries} entries`;
    if (!isOurs) return note("former log", `${log}, and may be this installation's`, `If it is, ${see}.`);
    if (logEntries !== undefined)
      return wrong("former log", `${log} of this installation, beside ${tag}:log`, `Store them: ${see}.`);
    return note(
      "former log",
      `${log} of this installation`,
      `A persister moves it to ${tag}:log: start one.`,
    );
  });
}

function checkRole({ role, isCluster }: RedisFacts): Finding[] {
  const check = "redis role";
  if (isCluster) return [wrong(check, "a Redis Cluster", "Use a single node, optionally with replicas.")];
  if (role === "master") return [ok(check, "it accepts writes")];
  return [wrong(check, "it is a replica", "Set REDIS_URL to the master.")];
}

function checkDurability({ durabilityWeaknesses }: RedisFacts, weakAllowed: boolean): Finding[] {
  const check = "durability";
  if (durabilityWeaknesses === undefined) {
    const fix = "Make sure that appendonly is yes, appendfsync always and maxmemory-policy noeviction.";
    return [note(check, "its settings cannot be read: the command CONFIG is forbidden", fix)];
  }
  if (durabilityWeaknesses.length === 0) {
    return [ok(check, "appendonly yes, appendfsync always, maxmemory-policy noeviction")];
  }
  const detail = `it may lose acknowledged messages: ${durabilityWeaknesses.join(", ")}`;
  if (weakAllowed) return [note(check, `${detail}; ALLOW_WEAK_DURABILITY permits it`)];
  const fix = durabilityWeaknesses
    .map((text) => text.replace(/^(\S+) is .*, not (\S+)$/, "CONFIG SET $1 $2"))
    .join("; ");
  return [wrong(check, detail, `${fix}; and the same in its configuration file.`)];
}

function checkReplicas({ replicas }: RedisFacts, replicated: boolean): Finding[] {
  const check = "replicas";
  if (!replicated) return replicas > 0 ? [ok(check, `${replicas} connected`)] : [];
  return replicas > 0
    ? [ok(check, `${replicas} connected, for DURABILITY=replicated`)]
    : [
        wrong(
          check,
          "none is connected",
          "DURABILITY=replicated needs one: start it, or set DURABILITY=local.",
        ),
      ];
}

function checkMemory({ maxMemory }: RedisFacts, backlogBytes: number): Finding[] {
  if (maxMemory === undefined) return [];
  const check = "memory";
  const minBytes = 3 * backlogBytes;
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  if (maxMemory >= minBytes) return [ok(check, `maxmemory is ${mib(maxMemory)}`)];
  const fix = `Set maxmemory to ${mib(minBytes)} or more: three times BACKLOG_MAX_BYTES.`;
  return maxMemory === 0
    ? [note(check, "maxmemory is not set: the machine's memory is the limit", fix)]
    : [note(check, `maxmemory is ${mib(maxMemory)}, which is little for the backlog`, fix)];
}
