import { MemoryBus } from "@parley/bus/memory";
import { ORIGIN } from "@parley/models";
import { describeBus } from "./contract.ts";

describeBus("MemoryBus", async (limits) => {
  const bus = new MemoryBus({ lastStored: ORIGIN, ...limits });
  return { gateway: bus, persister: bus, history: bus, close: () => bus.close() };
});
