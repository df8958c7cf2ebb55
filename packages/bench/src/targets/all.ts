import { parleySplit } from "./parley-split.ts";
import { parleyStandalone } from "./parley-standalone.ts";
import { socketIo, wsTutorial } from "./peer.ts";
import type { Target } from "./target.ts";

/** Targets in the order of the report. All are measured under the same load. */
export const PARLEY_TARGETS: readonly Target[] = [parleySplit, parleyStandalone];
export const PEER_TARGETS: readonly Target[] = [socketIo, wsTutorial];
export const TARGETS: readonly Target[] = [...PARLEY_TARGETS, ...PEER_TARGETS];
