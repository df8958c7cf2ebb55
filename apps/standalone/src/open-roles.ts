import type { Bus } from "@parley/bus";
import type { Store } from "@parley/store";

/** Opens the roles of the log for all three cores. The gateway and history-api share one appender. */
export function openRoles(bus: Bus, store: Pick<Store, "lastId">) {
  const appender = bus.append();
  const gatewayBus: Pick<Bus, "append" | "live" | "raiseMarks"> = {
    append: () => appender,
    live: (listener) => bus.live(listener),
    raiseMarks: (listener) => bus.raiseMarks(listener),
  };
  return {
    consumer: bus.consume({ lastStored: () => store.lastId() }),
    unstoredMarks: bus.storeMarks(),
    tail: bus.tail(),
    marks: bus.findMarks(),
    appender,
    gatewayBus,
  };
}
