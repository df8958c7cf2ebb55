import { hasServers } from "@parley/testkit";
import { expect, it } from "vitest";
import { problemsOf } from "../runner/result.ts";
import { trial } from "../runner/trial.ts";
import { COMPONENTS, FIRST_ORDER, type Step } from "./plan.ts";
import { CURRENT } from "./release.ts";
import { upgradeFault } from "./upgrade.ts";

const OPTIONS = { seed: 1, short: true, minutes: 1, log: () => undefined };

/** The first steps of `chaos --upgrade`, with one process of each app. `chaos --broken` shows that it detects a broken build. */
it.skipIf(!(await hasServers()))(
  "G1, G2, G3: every guarantee holds in an upgrade, with this build on both sides",
  async () => {
    const plan = COMPONENTS.map(
      (component) => ({ kind: "replace", component, index: 0, to: "new" }) satisfies Step,
    );
    const fault = upgradeFault({ from: CURRENT, to: CURRENT }, FIRST_ORDER, plan);
    const result = await trial({ ...fault, ratePerSecond: 30 }, OPTIONS);
    expect(problemsOf(result)).toEqual([]);
    expect(result).toMatchObject({ injection: { struck: plan.length } });
  },
);
