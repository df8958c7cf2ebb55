import { describe, expect, it } from "vitest";
import type { Finding } from "./finding.ts";
import { clock } from "./machine.ts";
import { judgeMongo } from "./mongo.ts";
import { judgeRedis } from "./redis.ts";

const MIB = 1024 * 1024;
const redis = {
  server: "Redis 8.2.1",
  major: 8,
  role: "master",
  replicas: 0,
  isCluster: false,
  maxMemory: 1024 * MIB,
  weaknesses: [] as string[] | undefined,
  logEntries: 3 as number | undefined,
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
  clockAheadMs: 0,
};

const bad = (findings: readonly Finding[]) =>
  findings.filter(({ status }) => status !== "ok").map(({ check, status }) => `${status} ${check}`);

describe("what a doctor says of a Redis", () => {
  it("nothing of one that is as it should be", () => {
    expect(bad(judgeRedis(redis, config))).toEqual([]);
  });

  it.each([
    [{ major: 6, server: "Redis 6.2" }, {}, "wrong redis"],
    [{ role: "slave" }, {}, "wrong redis role"],
    [{ isCluster: true }, {}, "wrong redis role"],
    [{ weaknesses: undefined }, {}, "note durability"],
    [{ weaknesses: ["appendonly is no, not yes"] }, {}, "wrong durability"],
    [{ weaknesses: ["appendonly is no, not yes"] }, { weakAllowed: true }, "note durability"],
    [{}, { replicated: true }, "wrong replicas"],
    [{ maxMemory: 0 }, {}, "note memory"],
    [{ maxMemory: 300 * MIB }, {}, "note memory"],
    [{ logEntries: undefined }, {}, "note log"],
  ])("%o under %o: %s", (facts, settings, expected) => {
    expect(bad(judgeRedis({ ...redis, ...facts }, { ...config, ...settings }))).toEqual([expected]);
  });

  it("L8: how to mend it can be pasted", () => {
    const weaknesses = [
      "appendfsync is everysec, not always",
      "maxmemory-policy is allkeys-lru, not noeviction",
    ];
    const [finding] = judgeRedis({ ...redis, weaknesses }, config).filter(({ status }) => status === "wrong");
    expect(finding?.mend).toContain("CONFIG SET appendfsync always; CONFIG SET maxmemory-policy noeviction");
  });
});

it.each([
  [{}, []],
  [{ major: 4 }, ["wrong mongo"]],
  [{ replicaSet: undefined }, ["note mongo writes"]],
  [{ missingIndexes: ['{"to":1,"_id":1}'] }, ["wrong indexes"]],
])("what a doctor says of a MongoDB with %o", (facts, expected) => {
  expect(bad(judgeMongo({ ...mongo, ...facts }))).toEqual(expected);
});

it.each([
  [undefined, undefined],
  [-400, "ok"],
  [2_000, "note"],
  [-6_000, "wrong"],
])("a clock that is %s ms ahead", (aheadMs, status) => {
  expect(clock("Redis", aheadMs)[0]?.status).toBe(status);
});
