import type { Row, Scenario } from "../runner/scenario.ts";

/** The reason why a peer can't be measured here. */
export interface Unavailable {
  /** One or two words for a row of a table, such as `needs go`. */
  readonly word: string;
  readonly detail: string;
}

/** Why peers can't be measured, by the name of the target. */
export type UnavailablePeers = ReadonlyMap<string, Unavailable>;

/** Replaces each case of an unavailable peer by one that starts nothing and has one row, with the reason. */
export function withUnavailable(scenario: Scenario, peers: UnavailablePeers): Scenario {
  const cases = scenario.cases.map((one) => {
    const reason = peers.get(one.name)?.word;
    if (reason === undefined) return one;
    const row: Row = {
      ...{ subject: one.name, load: "every load", figures: {}, reason },
      ...{ loadShare: Number.NaN, machineShare: Number.NaN },
    };
    return { name: one.name, seconds: () => 0, run: async () => [row] };
  });
  return { ...scenario, cases };
}
