import { until } from "@parley/async";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, parleyFor } from "../rig/commands.ts";
import { describeSplit, type Standalone, startStandalone } from "../rig/shapes.ts";

const LOG = "{parley}:log";

interface Finding {
  readonly check: string;
  readonly status: "ok" | "note" | "wrong";
  readonly says: string;
  readonly mend?: string;
}
const findings = ({ out }: Outcome): Finding[] =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const wrong = (outcome: Outcome) => findings(outcome).filter(({ status }) => status === "wrong");

describe("an operator's commands, standalone", () => {
  let deployment: Standalone;
  let parley: ReturnType<typeof parleyFor>;
  beforeAll(async () => {
    deployment = await startStandalone();
    parley = parleyFor(deployment);
  });
  afterAll(() => deployment?.stop());

  it("doctor reports nothing wrong for a healthy server", async () => {
    const env = { DATA_DIR: deployment.dataDir };
    const healthy = await parley.run(["doctor", "--admin-url", deployment.app.adminUrl, "--json"], env);
    expect(wrong(healthy)).toEqual([]);
    expect(healthy).toMatchObject({ code: 0, err: "" });
    const checks = findings(healthy).map(({ check }) => check);
    expect(checks).toEqual(
      expect.arrayContaining([
        "environment",
        "tokens",
        "open files",
        "data",
        "gateway",
        "history-api",
        "admin port",
        "clock",
      ]),
    );
  });

  it("doctor reports settings that a service would refuse, and servers that it cannot reach", async () => {
    const env = {
      DATA_DIR: deployment.dataDir,
      HEARTBEAT_MS: "soon",
      JWT_SECRET: "short",
      PARLEY_URL: "http://127.0.0.1:1",
    };
    const outcome = await parley.run(["doctor", "--admin-url", "http://127.0.0.1:1"], env);
    expect(outcome.code).toBe(1);
    expect(outcome.out).toContain("WRONG environment  HEARTBEAT_MS must be a whole number");
    expect(outcome.out).toContain("WRONG environment  JWT_SECRET must be at least 32 bytes");
    expect(outcome.out).toMatch(/WRONG gateway .*cannot be reached.*\n\s+→ Start it/);
    expect(outcome.out).toMatch(/WRONG admin port /);
    expect(outcome.out).not.toContain("short\n");
  });

  it("dead-letters reports that standalone has none", async () => {
    const env = {
      PARLEY_TOKEN: await deployment.token("me", { scopes: ["ops"] }),
      PARLEY_ADMIN_URL: deployment.app.adminUrl,
    };
    const none = await parley.run(["dead-letters", "list"], env);
    expect(none).toMatchObject({ code: 4, out: "", err: expect.stringContaining("has no dead letters") });
  });
});

await describeSplit("an operator's commands, split", {}, (deployment) => {
  const parley = parleyFor(deployment);
  const redis = new Redis(deployment.redis.url);
  const persister = deployment.persisters[0]?.adminUrl ?? "";
  const admins = [deployment.gatewayApps[0].adminUrl, deployment.historyApi.adminUrl, persister];
  const doctor = ["doctor", "--json", ...admins.flatMap((url) => ["--admin-url", url])];
  afterAll(async () => {
    redis.disconnect();
    await deployment.stop();
  });

  it("L10: dead-letters lists entries, refuses to replay one that still can't be decoded, and drops it", async () => {
    const ops = {
      PARLEY_TOKEN: await deployment.token("me", { scopes: ["ops"] }),
      PARLEY_ADMIN_URL: persister,
    };
    await redis.xadd(LOG, "*", "what", "junk \x1b[2J");
    const [letter] = await until(async () => {
      const { code, out, err } = await parley.run(["dead-letters", "list", "--json"], ops);
      if (code !== 0) throw new Error(`exit code ${code}: ${err}`);
      return out === "" ? undefined : [JSON.parse(out)];
    }, "the dead letter");
    expect(letter).toMatchObject({ id: expect.any(String), fields: { what: "junk \x1b[2J" } });
    const listed = await parley.run(["dead-letters", "list"], ops);
    expect(listed.out).toContain(letter.id);
    expect(listed.out).not.toContain("junk");
    const replayed = await parley.run(["dead-letters", "replay", letter.id], ops);
    expect(replayed).toMatchObject({ code: 4, err: expect.stringContaining("still can't be decoded") });
    expect(await parley.run(["dead-letters", "drop", letter.id], ops)).toMatchObject({ code: 0, out: "" });
    expect(await parley.run(["dead-letters", "list"], ops)).toMatchObject({ code: 0, out: "", err: "" });
    expect(await parley.run(["dead-letters", "drop", letter.id], ops)).toMatchObject({ code: 4 });
  });

  it("dead-letters needs a token with the scope ops", async () => {
    const admin = { PARLEY_ADMIN_URL: persister };
    expect(await parley.run(["dead-letters", "list"], admin)).toMatchObject({ code: 2 });
    const plain = await parley.run(["dead-letters", "list"], { ...admin, ...(await parley.as("alice")) });
    expect(plain).toMatchObject({ code: 4, err: expect.stringContaining("(forbidden)") });
    const nobody = { PARLEY_ADMIN_URL: "http://127.0.0.1:1", ...(await parley.as("alice")) };
    expect(await parley.run(["dead-letters", "list"], nobody)).toMatchObject({ code: 3 });
  });

  it("doctor reports nothing wrong for a healthy deployment, and uses the token in the environment", async () => {
    const healthy = await parley.run(doctor, { ...deployment.env, ...(await parley.as("alice")) });
    expect(wrong(healthy)).toEqual([]);
    expect(healthy).toMatchObject({ code: 0, err: "" });
    const textOf = (check: string) => findings(healthy).find((finding) => finding.check === check)?.says;
    expect(textOf("redis")).toMatch(/^(Redis|Valkey) \d+/);
    expect(textOf("durability")).toBe("appendonly yes, appendfsync always, maxmemory-policy noeviction");
    expect(textOf("mongo writes")).toContain("w: majority, j: true");
    expect(textOf("indexes")).toBe("all there");
    expect(textOf("your token")).toMatch(/^is for alice until /);
    expect(findings(healthy).filter(({ check }) => check === "admin port")).toHaveLength(3);
  });

  it("L8: doctor reports a Redis that may lose acknowledged messages, and the fix", async () => {
    await redis.config("SET", "appendfsync", "everysec");
    try {
      const outcome = await parley.run(doctor, deployment.env);
      expect(outcome.code).toBe(1);
      expect(wrong(outcome)).toEqual([
        expect.objectContaining({
          check: "durability",
          says: expect.stringContaining("appendfsync is everysec, not always"),
          mend: expect.stringContaining("CONFIG SET appendfsync always"),
        }),
      ]);
    } finally {
      await redis.config("SET", "appendfsync", "always");
    }
  });

  it("doctor reports unreachable servers without their passwords", async () => {
    const env = {
      ...deployment.env,
      REDIS_URL: "redis://user:hunter22@127.0.0.1:1",
      MONGO_URL: "mongodb://user:hunter22@127.0.0.1:1",
    };
    const outcome = await parley.run(doctor, env);
    expect(wrong(outcome).map(({ check }) => check)).toEqual(["redis", "mongo"]);
    expect(outcome.out + outcome.err).not.toContain("hunter22");
  });
});
