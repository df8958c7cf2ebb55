import { networkInterfaces } from "node:os";
import { until } from "@parley/async";
import { ChatError, ORIGIN } from "@parley/models";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Rig, startRig } from "../test/redis-rig.ts";
import { parseRedisUrl } from "./address.ts";
import { Link } from "./link.ts";

/** An address of this machine that isn't loopback. A server in protected mode refuses connections to it. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

const rig = await startRig({ args: ["--bind", "*"] });
const listener = { message: () => undefined, gap: () => undefined };

describe.skipIf(!rig)("the reason of a failure", { timeout: 30_000 }, () => {
  const redis = rig as Rig;
  const links: Link[] = [];
  const printed: unknown[] = [];
  const link = (url: string) => {
    const address = parseRedisUrl(url);
    const one = new Link({ address, role: "test", observe: () => undefined, commandTimeoutMs: 500 });
    links.push(one);
    return one;
  };
  beforeEach(() => {
    for (const method of ["log", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation((...args) => printed.push(args));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(links.splice(0).map((one) => one.close()));
    await redis.raw.config("SET", "protected-mode", "no");
    await redis.reset();
    expect(printed.splice(0)).toEqual([]);
  });
  afterAll(() => redis.stop());

  it.skipIf(!outside)("is the protected mode, if Redis refuses connections from outside", async () => {
    await redis.raw.config("SET", "protected-mode", "yes");
    for (const login of ["", ":secret@"]) {
      const one = link(redis.server.url.replace("127.0.0.1", `${login}${outside}`));
      await until(() => one.problem()?.includes("protected mode"), "the problem is reported");
      expect(one.problem()).toContain("REDIS_URL");
    }
  });

  it("is the database, if Redis doesn't have it", async () => {
    const one = link(`${redis.server.url}/99`);
    await until(() => one.problem()?.includes("DB index"), "the problem is reported");
    expect(one.client).toBeUndefined();
  });

  it("isn't printed by the Redis library if INFO is forbidden", async () => {
    await redis.raw.acl("SETUSER", "default", "-info");
    const one = link(redis.server.url);
    await until(() => one.problem() === undefined, "it is up");
  });

  it("is the forbidden PUBLISH, not a missing marker", async () => {
    await (await redis.bus().consume({ lastStored: async () => ORIGIN }))
      .next(AbortSignal.timeout(1))
      .catch(() => undefined);
    const live = redis.bus().live(listener);
    await until(() => live.problem() === undefined, "it is live");
    const problems = new Set<string | undefined>();
    await redis.raw.acl("SETUSER", "default", "-publish");
    await until(() => {
      problems.add(live.problem());
      return [...problems].some((problem) => problem?.includes("for live"));
    }, "the subscriber connection is replaced");
    for (const problem of problems)
      if (problem !== undefined) expect(problem).toMatch(/cannot publish a marker: .*(NOPERM|permission)/i);
  });

  it("is the store, if a consumer can't learn the store's last id", async () => {
    const cause = new Error("DeadlineExceeded");
    const lastStored = () => Promise.reject(new ChatError("unavailable", { cause }));
    const consumer = redis.bus().consume({ lastStored });
    await until(() => consumer.problem()?.includes("DeadlineExceeded"), "the problem is reported");
    expect(consumer.problem()).toMatch(/^the store doesn't answer/);
  });
});
