import type { Bus, Observe } from "@parley/bus";
import type { RevocationEntry } from "@parley/models";
import type { Store } from "@parley/store";

/** The part of the log's options that comes from the store and the environment. */
export interface LogOptions {
  readonly lastStored: string;
  readonly revocations: {
    readonly stored: readonly RevocationEntry[];
    readonly keep: (entries: readonly RevocationEntry[]) => Promise<void>;
    readonly maxTokenAgeMs: number | undefined;
  };
  readonly observe: Observe;
}

/** Returns the options of a log that starts above the store's greatest id, with the store's revocations (L23, L26). */
export async function logOptions(
  store: Store,
  maxTokenAgeMs: number | undefined,
  observe: Observe,
): Promise<LogOptions> {
  const stored = await store.revocations.all();
  const keep: LogOptions["revocations"]["keep"] = (entries) => store.revocations.keep(entries);
  return { lastStored: await store.lastId(), revocations: { stored, keep, maxTokenAgeMs }, observe };
}

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
    revocations: bus.revocations(),
    appender,
    gatewayBus,
  };
}
