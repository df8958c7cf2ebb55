import { parleySplit } from "./parley-split.ts";
import { parleyStandalone } from "./parley-standalone.ts";
import { centrifuge, centrifugeDelayed, socketIo, wsTutorial } from "./peer.ts";
import type { Target } from "./target.ts";

/** Targets in the order of the report. All are measured under the same load. */
export const PARLEY_TARGETS: readonly Target[] = [parleySplit, parleyStandalone];
export const TARGETS: readonly Target[] = [...PARLEY_TARGETS, centrifuge, socketIo, wsTutorial];
/** The targets of a public room. A write delay pays off only where a connection gets many messages. */
export const ROOM_TARGETS: readonly Target[] = [
  ...PARLEY_TARGETS,
  centrifuge,
  centrifugeDelayed,
  socketIo,
  wsTutorial,
];
