import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Test files that take 10 s and more on a small machine. In each group, those that wait the longest come first. */
export const LONGEST: readonly string[] = [
  "packages/monitoring/src/faults.test.ts",
  "packages/testkit/src/store/mongo.test.ts",
  "packages/testkit/src/bus/redis.test.ts",
  "packages/store/src/mongo/upgrade-killed.test.ts",
  "packages/testkit/src/bus/redis-live.test.ts",
  "apps/standalone/src/standalone.test.ts",
  "packages/local/src/split/start-split.test.ts",
  "packages/testkit/src/bus/redis-tail.test.ts",
  "packages/bus/src/redis/connection/sentinel.test.ts",
  "apps/gateway/src/inbound/flood.test.ts",
  "packages/store/src/mongo/unique-refs.test.ts",
  "packages/monitoring/src/rules/rules.test.ts",
  "packages/store/src/sqlite/lock.test.ts",
  "packages/chaos/src/faults/faults.test.ts",
  "packages/e2e/src/hostile/hostile.test.ts",
  "packages/chaos/src/hostile/attacks/attacks.test.ts",
  "packages/e2e/src/web/network.test.ts",
  "packages/e2e/src/web/faults.test.ts",
  "packages/chaos/src/soak/soak.test.ts",
  "packages/e2e/src/cli/cli.test.ts",
  "packages/e2e/src/client/catch-up.test.ts",
  "packages/chaos/src/upgrade/upgrade.test.ts",
  "packages/chaos/src/mutants/mutants.test.ts",
  "packages/e2e/src/web/names.test.ts",
  "packages/e2e/src/system/no-loss.test.ts",
  "packages/e2e/src/cli/operator.test.ts",
  "packages/e2e/src/system/unread-conversations.test.ts",
  "packages/e2e/src/client/faults.test.ts",
  "packages/e2e/src/system/history-memory.test.ts",
  "packages/e2e/src/deploy/proxy.test.ts",
  "packages/e2e/src/hostile/many-sockets.test.ts",
  "packages/e2e/src/system/outages.test.ts",
  "packages/e2e/src/cli/faults.test.ts",
  "packages/e2e/src/docs/page-of-your-own.test.ts",
  "packages/e2e/src/system/failover.test.ts",
];

/**
 * Starts the longest files of each group first, so that no worker is left alone with one of them at the end. vitest does
 * this by itself only where an earlier run has left its times, which a fresh clone doesn't have.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
  }
}

function groupOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((file) => moduleId.endsWith(file));
  return rank === -1 ? LONGEST.length : rank;
}
