import { hasServers } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { SharedClusters } from "../cluster/shared-clusters.ts";
import { SHORT_MINUTES } from "../options.ts";
import { problemsOf } from "../runner/result.ts";
import { trial } from "../runner/trial.ts";
import { FAULTS } from "./index.ts";

const clusters = new SharedClusters();
const OPTIONS = { seed: 1, short: true, minutes: SHORT_MINUTES, log: () => undefined, clusters };

/**
 * The short form of `npx pnpm@12 chaos`: each fault once. Promised times aren't checked, because tests share the
 * machine.
 */
describe.skipIf(!(await hasServers())).concurrent("G1, G2, G3, G4, G5: every guarantee holds under", () => {
  afterAll(() => clusters.close());

  // The last faults take the longest, so they start first.
  it.for(FAULTS.toReversed())("$id: $title", async (fault, { skip }) => {
    const result = await trial(fault, OPTIONS);
    if (result.kind === "not made") skip(result.reason);
    expect(problemsOf(result)).toEqual([]);
  });
});
