import { describe, expect, it } from "vitest";
import type { Finding } from "./finding.ts";
import { checkClock } from "./machine.ts";
import { checkMongo } from "./mongo.ts";
import { checkRedis } from "./redis.ts";

const MIB = 1024 * 1024;
const redis = {
  server: "Redis 8.2.1",
  major: 8,
  role: "master",
  replicas: 0,
  isCluster: false,
  maxMemory: 1024 * MIB,
  durabilityWeaknesses: [] as string[] | undefined,
  tag: "{parley/1}",
  logEntries: 3 as number | undefined,
  logFormat: "2",
  formerLogs: [] as { tag: string; entries: number; isOurs: boolean }[],
  logAheadMs: -5_000,
  clockAheadMs: 0,
};
const config = { replicated: false, weakAllowed: false, backlogBytes: 256 * MIB };
const mongo = {
  version: "8.0.1",
  major: 8,
  replicaSet: "rs0" as string | undefined,
  members: 3,
  writeConcern: "w: majority, j: true",
  database: "parley",
  missingIndexes: [] as string[],
  format: 2 as 1 | 2 | undefined,
  clockAheadMs: 0,
};

const notOk = (findings: readonly Finding[]) =>
  findings.filter(({ status }) => status !== "ok").map(({ check, status }) => `${status} ${check}`);

describe("checkRedis", () => {
  it("finds nothing wrong with a Redis that meets all requirements", () => {
    expect(notOk(checkRedis(redis, config))).toEqual([]);
  });

  it.each([
    [{ major: 6, server: "Redis 6.2" }, {}, "wrong redis"],
    [{ role: "slave" }, {}, "wrong redis role"],
    [{ isCluster: true }, {}, "wrong redis role"],
    [{ durabilityWeaknesses: undefined }, {}, "note durability"],
    [{ durabilityWeaknesses: ["appendonly is no, not yes"] }, {}, "wrong durability"],
    [{ durabilityWeaknesses: ["appendonly is no, not yes"] }, { weakAllowed: true }, "note durability"],
    [{}, { replicated: true }, "wrong replicas"],
    [{ maxMemory: 0 }, {}, "note memory"],
    [{ maxMemory: 300 * MIB }, {}, "note memory"],
    [{ logEntries: undefined }, {}, "note log"],
    [{ logAheadMs: 60_001 }, {}, "wrong log time"],
    [{ formerLogs: [{ tag: "{parley}", entries: 3, isOurs: false }] }, {}, "note former log"],
    [{ formerLogs: [{ tag: "{parley}", entries: 3, isOurs: true }] }, {}, "wrong former log"],
  ])("%o with the settings %o: %s", (facts, settings, expected) => {
    expect(notOk(checkRedis({ ...redis, ...facts }, { ...config, ...settings }))).toEqual([expected]);
  });

  it("L8: the fix consists of commands to paste", () => {
    const durabilityWeaknesses = [
      "appendfsync is everysec, not always",
      "maxmemory-policy is allkeys-lru, not noeviction",
    ];
    const [finding] = checkRedis({ ...redis, durabilityWeaknesses }, config).filter(
      ({ status }) => status === "wrong",
    );
    expect(finding?.fix).toContain("CONFIG SET appendfsync always; CONFIG SET maxmemory-policy noeviction");
  });
});

it.each([
  [{}, []],
  [{ major: 4 }, ["wrong mongo"]],
  [{ replicaSet: undefined }, ["note mongo writes"]],
  [{ missingIndexes: ['{"to":1,"_id":1}'] }, ["wrong indexes"]],
])("checkMongo with %o", (facts, expected) => {
  expect(notOk(checkMongo({ ...mongo, ...facts }))).toEqual(expected);
});

it.each([
  [2 as const, "MongoDB 8.0.1, database parley, format 2"],
  [undefined, "MongoDB 8.0.1, database parley"],
])("checkMongo names the format %s of the store", (format, expected) => {
  expect(checkMongo({ ...mongo, format })[0]?.detail).toBe(expected);
});

it.each([
  [undefined, undefined],
  [-400, "ok"],
  [2_000, "note"],
  [-6_000, "wrong"],
])("checkClock for a clock that is %s ms ahead", (aheadMs, status) => {
  expect(checkClock("Redis", aheadMs)[0]?.status).toBe(status);
});
