import type { Scenario } from "../runner/scenario.ts";
import { ROOM_TARGETS } from "./all.ts";
import { buildGoPeer } from "./go-peer.ts";
import { installPeers } from "./peers-folder.ts";
import type { Target } from "./target.ts";
import type { Unavailable, UnavailablePeers } from "./unavailable.ts";

/** The steps that prepare peers, by what the peers need. */
type Preparations = Readonly<
  Record<NonNullable<Target["needs"]>, (log: (text: string) => void) => Promise<Unavailable | undefined>>
>;

const PREPARATIONS: Preparations = { npm: installPeers, go: buildGoPeer };

/**
 * Prepares the peers that the scenarios measure, and only those: Go modules are downloaded only for a run that has
 * Centrifuge in it. The packages from npm are always installed, because they also draw the chart and read history.
 * Resolves with the peers that can't be measured.
 */
export async function preparePeers(
  scenarios: readonly Scenario[],
  log: (text: string) => void,
  preparations = PREPARATIONS,
): Promise<UnavailablePeers> {
  const names = new Set(scenarios.flatMap(({ cases }) => cases.map(({ name }) => name)));
  const wanted = ROOM_TARGETS.filter(({ name }) => names.has(name));
  const missing = new Map<string, Unavailable>();
  for (const need of ["npm", "go"] as const) {
    const peers = wanted.filter(({ needs }) => needs === need);
    if (peers.length === 0 && need !== "npm") continue;
    const reason = await preparations[need](log);
    if (reason === undefined) continue;
    log(`WITHOUT ${peers.map(({ name }) => name).join(", ")}: ${reason.word}: ${reason.detail}`);
    for (const { name } of peers) missing.set(name, reason);
  }
  return missing;
}
