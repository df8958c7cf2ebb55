import { MemoryBus } from "@parley/bus/memory";
import { ORIGIN } from "@parley/models";
import { describeBus } from "./contract.ts";

describeBus("MemoryBus", async () => {
  const bus = new MemoryBus({ lastStored: ORIGIN });
  return { gateway: bus, persister: bus, history: bus, close: () => bus.close() };
});
