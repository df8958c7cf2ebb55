import { MemoryBus } from "@parley/bus/memory";
import { ORIGIN } from "@parley/models";
import { describeBus } from "./contract.ts";

describeBus("MemoryBus", async ({ maxEntries, maxRevocations, maxUnstoredMarks }) => {
  let aheadMs = 0;
  const bus = new MemoryBus({
    lastStored: ORIGIN,
    revocations: { maxRevocations },
    ...(maxEntries !== undefined && { maxEntries }),
    ...(maxUnstoredMarks !== undefined && { maxUnstoredMarks }),
    now: () => Date.now() + aheadMs,
  });
  return {
    gateway: bus,
    persister: bus,
    history: bus,
    setClockAhead: async (ms) => {
      aheadMs = ms;
    },
    close: () => bus.close(),
  };
});
