import { until } from "@parley/async";
import { freePort } from "@parley/local";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parleyFor } from "../rig/commands.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

describe("parley probe", () => {
  let deployment: Standalone;
  let parley: ReturnType<typeof parleyFor>;
  let users: Record<string, string>;
  beforeAll(async () => {
    deployment = await startStandalone();
    parley = parleyFor(deployment);
    const [PARLEY_TOKEN, PARLEY_PEER_TOKEN] = [await deployment.token("p1"), await deployment.token("p2")];
    users = { PARLEY_TOKEN, PARLEY_PEER_TOKEN };
  });
  afterAll(() => deployment?.stop());

  it("--once sends, hears and reads, and says how long each took", async () => {
    const outcome = await parley.run(["probe", "--once"], users);
    expect(outcome).toMatchObject({ code: 0, err: "" });
    expect(outcome.out).toMatch(/^ok {5}send [\d.]+ ms {2}hear [\d.]+ ms {2}read [\d.]+ ms\n$/);
    const again = await parley.run(["probe", "--once", "--json"], users);
    const step = expect.any(Number);
    expect(JSON.parse(again.out)).toEqual({ ms: { send: step, hear: step, read: step } });
  });

  it("--once exits with 1 and names the step that failed", async () => {
    const env = { ...users, PARLEY_HISTORY_URL: "http://127.0.0.1:1" };
    const outcome = await parley.run(["probe", "--once", "--timeout", "2s"], env);
    expect(outcome.code).toBe(1);
    expect(outcome.out).toMatch(/^WRONG {2}send [\d.]+ ms {2}hear [\d.]+ ms {2}read: /);
    expect(outcome.err).toContain("the round failed: read: ");
  });

  it("serves metrics, is not ready while rounds fail, recovers, and ends with 0 on a signal", async () => {
    const port = String(await freePort());
    const probe = parley.start(["probe", "--every", "1s", "--timeout", "1s", "--port", port], users);
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    await until(async () => (await ask("/readyz")).status === 200, "the probe is ready");
    const { text } = await ask("/metrics");
    expect(text).toMatch(/^parley_probe_rounds_total\{outcome="ok"\} [1-9]/m);
    // 0, unless the machine was too slow for the first round.
    expect(text).toMatch(/^parley_probe_rounds_total\{outcome="hear"\} \d+$/m);
    expect(text).toMatch(/^parley_probe_step_seconds_count\{step="read"\} [1-9]/m);
    await deployment.app.kill("SIGSTOP");
    await until(async () => (await ask("/readyz")).status === 503, "the probe is not ready");
    expect((await ask("/metrics")).text).toMatch(
      /^parley_probe_rounds_total\{outcome="(send|hear|read)"\} [1-9]/m,
    );
    await deployment.app.kill("SIGCONT");
    await until(async () => (await ask("/readyz")).status === 200, "the probe is ready again", 60_000);
    probe.signal("SIGTERM");
    expect((await probe.exited).code).toBe(0);
  }, 120_000);

  it("needs two different users", async () => {
    const { PARLEY_TOKEN = "" } = users;
    const same = await parley.run(["probe", "--once"], { PARLEY_TOKEN, PARLEY_PEER_TOKEN: PARLEY_TOKEN });
    expect(same).toMatchObject({ code: 2, err: expect.stringContaining("both users are p1") });
    const one = await parley.run(["probe", "--once", "--as", "p1"], {});
    expect(one).toMatchObject({ code: 2, err: expect.stringContaining("--peer") });
  });
});
