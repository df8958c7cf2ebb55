import { hasServers } from "@parley/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { SharedHouses } from "../cluster/shared-clusters.ts";
import { SHORT_MINUTES } from "../options.ts";
import { problemsOf } from "../runner/result.ts";
import { trial } from "../runner/trial.ts";
import { FAULTS } from "./index.ts";

const houses = new SharedHouses();
const OPTIONS = { seed: 1, short: true, minutes: SHORT_MINUTES, say: () => undefined, houses };

/** The short form of `npx pnpm@12 chaos`: each fault once and small. What came late is told there, not here. */
describe.skipIf(!(await hasServers())).concurrent("G1, G2, G3, G4, G5: every guarantee holds under", () => {
  afterAll(() => houses.close());

  // The last ones last the longest: begun first, none is waited for alone.
  it.for(FAULTS.toReversed())("$id: $title", async (fault, { skip }) => {
    const result = await trial(fault, OPTIONS);
    if (result.kind === "not made") skip(result.why);
    expect(problemsOf(result)).toEqual([]);
  });
});
