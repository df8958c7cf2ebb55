import { MemoryBus } from "@parley/bus/memory";
import { ORIGIN } from "@parley/models";
import { describeBus } from "./contract.ts";

describeBus("MemoryBus", async ({ maxEntries, maxRevocations }) => {
  let aheadMs = 0;
  const bus = new MemoryBus({
    lastStored: ORIGIN,
    revocations: { maxRevocations },
    ...(maxEntries !== undefined && { maxEntries }),
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
