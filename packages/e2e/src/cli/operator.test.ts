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
  let house: Standalone;
  let parley: ReturnType<typeof parleyFor>;
  beforeAll(async () => {
    house = await startStandalone();
    parley = parleyFor(house);
  });
  afterAll(() => house?.stop());

  it("doctor finds nothing wrong beside a server that is well", async () => {
    const env = { DATA_DIR: house.dataDir };
    const well = await parley.run(["doctor", "--admin-url", house.app.adminUrl, "--json"], env);
    expect(wrong(well)).toEqual([]);
    expect(well).toMatchObject({ code: 0, err: "" });
    const checks = findings(well).map(({ check }) => check);
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

  it("doctor names what a service would refuse to start with, and what cannot be reached", async () => {
    const env = {
      DATA_DIR: house.dataDir,
      HEARTBEAT_MS: "soon",
      JWT_SECRET: "short",
      PARLEY_URL: "http://127.0.0.1:1",
    };
    const ill = await parley.run(["doctor", "--admin-url", "http://127.0.0.1:1"], env);
    expect(ill.code).toBe(1);
    expect(ill.out).toContain("WRONG environment  HEARTBEAT_MS must be a whole number");
    expect(ill.out).toContain("WRONG environment  JWT_SECRET must be at least 32 bytes");
    expect(ill.out).toMatch(/WRONG gateway .*cannot be reached.*\n\s+→ Start it/);
    expect(ill.out).toMatch(/WRONG admin port /);
    expect(ill.out).not.toContain("short\n");
  });

  it("dead-letters says that there are none", async () => {
    const env = {
      PARLEY_TOKEN: await house.token("me", { scopes: ["ops"] }),
      PARLEY_ADMIN_URL: house.app.adminUrl,
    };
    const none = await parley.run(["dead-letters", "list"], env);
    expect(none).toMatchObject({ code: 4, out: "", err: expect.stringContaining("has no dead letters") });
  });
});

await describeSplit("an operator's commands, split", {}, (house) => {
  const parley = parleyFor(house);
  const redis = new Redis(house.redis.url);
  const persister = house.persisters[0]?.adminUrl ?? "";
  const admins = [house.gatewayApps[0].adminUrl, house.historyApi.adminUrl, persister];
  const doctor = ["doctor", "--json", ...admins.flatMap((url) => ["--admin-url", url])];
  afterAll(async () => {
    redis.disconnect();
    await house.stop();
  });

  it("L10: dead-letters lists, refuses to replay what is still no message, and drops", async () => {
    const ops = { PARLEY_TOKEN: await house.token("me", { scopes: ["ops"] }), PARLEY_ADMIN_URL: persister };
    await redis.xadd(LOG, "*", "what", "junk \x1b[2J");
    const [letter] = await until(async () => {
      const { code, out } = await parley.run(["dead-letters", "list", "--json"], ops);
      expect(code).toBe(0);
      return out === "" ? undefined : [JSON.parse(out)];
    }, "the dead letter");
    expect(letter).toMatchObject({ id: expect.any(String), fields: { what: "junk \x1b[2J" } });
    const listed = await parley.run(["dead-letters", "list"], ops);
    expect(listed.out).toContain(letter.id);
    expect(listed.out).not.toContain("junk");
    const replayed = await parley.run(["dead-letters", "replay", letter.id], ops);
    expect(replayed).toMatchObject({ code: 4, err: expect.stringContaining("still not a message") });
    expect(await parley.run(["dead-letters", "drop", letter.id], ops)).toMatchObject({ code: 0, out: "" });
    expect(await parley.run(["dead-letters", "list"], ops)).toMatchObject({ code: 0, out: "", err: "" });
    expect(await parley.run(["dead-letters", "drop", letter.id], ops)).toMatchObject({ code: 4 });
  });

  it("dead-letters needs a token of scope ops", async () => {
    const admin = { PARLEY_ADMIN_URL: persister };
    expect(await parley.run(["dead-letters", "list"], admin)).toMatchObject({ code: 2 });
    const plain = await parley.run(["dead-letters", "list"], { ...admin, ...(await parley.as("alice")) });
    expect(plain).toMatchObject({ code: 4, err: expect.stringContaining("(forbidden)") });
    const nobody = { PARLEY_ADMIN_URL: "http://127.0.0.1:1", ...(await parley.as("alice")) };
    expect(await parley.run(["dead-letters", "list"], nobody)).toMatchObject({ code: 3 });
  });

  it("doctor finds nothing wrong in a house that is well, and takes the token at hand", async () => {
    const well = await parley.run(doctor, { ...house.env, ...(await parley.as("alice")) });
    expect(wrong(well)).toEqual([]);
    expect(well).toMatchObject({ code: 0, err: "" });
    const says = (check: string) => findings(well).find((finding) => finding.check === check)?.says;
    expect(says("redis")).toMatch(/^(Redis|Valkey) \d+/);
    expect(says("durability")).toBe("appendonly yes, appendfsync always, maxmemory-policy noeviction");
    expect(says("mongo writes")).toContain("w: majority, j: true");
    expect(says("indexes")).toBe("all there");
    expect(says("your token")).toMatch(/^is for alice until /);
    expect(findings(well).filter(({ check }) => check === "admin port")).toHaveLength(3);
  });

  it("L8: doctor names a Redis that may lose what it acknowledged, and how to mend it", async () => {
    await redis.config("SET", "appendfsync", "everysec");
    try {
      const ill = await parley.run(doctor, house.env);
      expect(ill.code).toBe(1);
      expect(wrong(ill)).toEqual([
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

  it("doctor names servers that are away, and shows no password of theirs", async () => {
    const env = {
      ...house.env,
      REDIS_URL: "redis://user:hunter22@127.0.0.1:1",
      MONGO_URL: "mongodb://user:hunter22@127.0.0.1:1",
    };
    const ill = await parley.run(doctor, env);
    expect(wrong(ill).map(({ check }) => check)).toEqual(["redis", "mongo"]);
    expect(ill.out + ill.err).not.toContain("hunter22");
  });
});
