import { until } from "@parley/async";
import { hasServers } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROWS } from "./dashboard/rows.ts";
import { type MonitoredSystem, startMonitoredSystem } from "./test/monitored-system.ts";
import { hasTools } from "./test/prometheus-tools.ts";

const isPossible = hasTools("prometheus") && (await hasServers());
/** Enough for an alert's time, at a sixth of the real one, on a busy machine. */
const PATIENCE_MS = 120_000;

describe.skipIf(!isPossible)("a real Prometheus over real processes", { timeout: 3 * PATIENCE_MS }, () => {
  let system: MonitoredSystem;
  beforeAll(async () => {
    system = await startMonitoredSystem();
  }, PATIENCE_MS);
  afterAll(() => system?.stop());

  /** Waits until exactly `alert` fires, or none if it is undefined. Meanwhile no other alert may fire. */
  async function untilFiring(alert: string | undefined, others: readonly string[] = []): Promise<void> {
    const wanted = alert === undefined ? [] : [alert];
    await until(
      async () => {
        const firing = await system.prometheus.firing();
        const unexpected = firing.filter((name) => name !== alert && !others.includes(name));
        expect(unexpected).toEqual([]);
        return firing.join() === wanted.join();
      },
      alert === undefined ? "no alert fires" : `${alert} fires`,
      PATIENCE_MS,
    );
  }

  async function expectAlert(alert: string, fault: () => Promise<() => Promise<unknown>>): Promise<void> {
    await untilFiring(undefined);
    const end = await fault();
    try {
      await untilFiring(alert);
    } finally {
      await end();
    }
    await untilFiring(undefined, [alert]);
  }

  it("all is well: no rule fails, no alert fires, and every query of the dashboard finds series", async () => {
    const queries = ROWS.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
    for (const { expr } of queries) {
      const query = expr.replaceAll("$__rate_interval", "10s");
      await until(
        async () => (await system.prometheus.countSeries(query)) > 0,
        `series for ${query}`,
        60_000,
      );
    }
    await untilFiring(undefined);
    expect(await system.prometheus.ruleErrors()).toEqual([]);
  });

  it("F6: Redis crashes", async () => {
    await expectAlert("ParleyLogUnavailable", async () => {
      await system.redis.kill("SIGKILL");
      return () => system.redis.restart();
    });
  });

  it("F11: MongoDB stops", async () => {
    await expectAlert("ParleyStoreUnavailable", async () => {
      await system.mongo.kill("SIGKILL");
      return () => system.mongo.restart();
    });
  });

  it("a slow store", async () => {
    await expectAlert("ParleyStoringLags", async () => system.slowDownStore());
  });

  it("F13: the backlog is full", async () => {
    await expectAlert("ParleyBacklogFilling", async () => {
      const end = system.slowDownStore();
      // One sender stops at five ninths of the backlog, and a batch that is stored must not take it below half.
      system.setRate(3_000);
      return () => {
        system.setRate(10);
        return end();
      };
    });
  });
});
