import type { RedisFacts } from "@parley/bus/redis";
import { redactUrl } from "@parley/service";
import { type Finding, note, ok, wrong } from "./finding.ts";

const OLDEST = 7;

/** What a Redis must be for the log (docs/operating.md, Redis). `replicated`: DURABILITY asks for a replica (L9). */
export function judgeRedis(
  facts: RedisFacts,
  config: { replicated: boolean; weakAllowed: boolean; backlogBytes: number },
): Finding[] {
  return [
    facts.major >= OLDEST
      ? ok("redis", facts.server)
      : wrong("redis", `${facts.server} is too old`, "Use Redis 7 or newer, or Valkey."),
    ...roleOf(facts),
    ...durabilityOf(facts, config.weakAllowed),
    ...replicasOf(facts, config.replicated),
    ...memoryOf(facts, config.backlogBytes),
    facts.logEntries === undefined
      ? note("log", "there is no log yet", "A persister makes it: start one.")
      : ok("log", `${facts.logEntries} entries`),
  ];
}

export function noRedis(url: string, reason: string): Finding {
  return wrong("redis", `${redactUrl(url)}: ${reason}`, "Start it, or set REDIS_URL to where it is.");
}

function roleOf({ role, isCluster }: RedisFacts): Finding[] {
  if (isCluster) return [wrong("redis role", "a Redis Cluster", "Use one node, with replicas if you like.")];
  if (role === "master") return [ok("redis role", "it takes writes")];
  return [wrong("redis role", "it is a replica", "Set REDIS_URL to the one that takes writes.")];
}

function durabilityOf({ weaknesses }: RedisFacts, weakAllowed: boolean): Finding[] {
  const check = "durability";
  if (weaknesses === undefined) {
    const mend = "Make sure of appendonly yes, appendfsync always and maxmemory-policy noeviction.";
    return [note(check, "its settings cannot be read: CONFIG is forbidden", mend)];
  }
  if (weaknesses.length === 0)
    return [ok(check, "appendonly yes, appendfsync always, maxmemory-policy noeviction")];
  const says = `it may lose what it acknowledged: ${weaknesses.join(", ")}`;
  if (weakAllowed) return [note(check, `${says}; ALLOW_WEAK_DURABILITY permits it`)];
  const mend = weaknesses
    .map((text) => text.replace(/^(\S+) is .*, not (\S+)$/, "CONFIG SET $1 $2"))
    .join("; ");
  return [wrong(check, says, `${mend}; and the same in its configuration file.`)];
}

function replicasOf({ replicas }: RedisFacts, replicated: boolean): Finding[] {
  if (!replicated) return replicas > 0 ? [ok("replicas", `${replicas} connected`)] : [];
  return replicas > 0
    ? [ok("replicas", `${replicas} connected, for DURABILITY=replicated`)]
    : [wrong("replicas", "none is connected", "DURABILITY=replicated needs one: start it, or set local.")];
}

function memoryOf({ maxMemory }: RedisFacts, backlogBytes: number): Finding[] {
  if (maxMemory === undefined) return [];
  const least = 3 * backlogBytes;
  const mib = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;
  if (maxMemory >= least) return [ok("memory", `maxmemory is ${mib(maxMemory)}`)];
  const mend = `Set it to ${mib(least)} or more: three times BACKLOG_MAX_BYTES.`;
  return maxMemory === 0
    ? [note("memory", "maxmemory is not set: the machine's memory is the limit", mend)]
    : [note("memory", `maxmemory is ${mib(maxMemory)}, little for the backlog`, mend)];
}
