import type { Appender, Bus, Consumer, Observe, Revocations } from "@parley/bus";
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

export interface LogRoles {
  readonly appender: Appender;
  readonly consumer: Consumer;
  readonly revocations: Revocations;
}

/** Requests the roles that several cores of the process use. */
export function openRoles(bus: Bus, store: Store): LogRoles {
  const consumer = bus.consume({ lastStored: () => store.lastId() });
  return { appender: bus.append(), consumer, revocations: bus.revocations() };
}
