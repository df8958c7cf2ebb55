import { parleySplit } from "./parley-split.ts";
import { parleyStandalone } from "./parley-standalone.ts";
import { socketIo, wsTutorial } from "./peer.ts";
import type { Subject } from "./target.ts";

/** What is measured under the same load, one beside the other, in the order of the report. */
export const PARLEYS: readonly Subject[] = [parleySplit, parleyStandalone];
export const PEER_SUBJECTS: readonly Subject[] = [socketIo, wsTutorial];
export const SUBJECTS: readonly Subject[] = [...PARLEYS, ...PEER_SUBJECTS];
