import { until } from "@parley/async";
import type { LogMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { HistoryConfig } from "../config.ts";
import { RunningApi } from "./running-api.ts";
import { idAt, ScriptedTail } from "./scripted-tail.ts";

const BATCH = 5_000;

/** Starts a history-api whose messages are all in the store, and none of them in the log anymore. */
export async function startFullyStored(
  messages: readonly LogMessage[],
  changes?: Partial<HistoryConfig>,
  wrapStore?: (store: Store) => Store,
): Promise<{ readonly server: RunningApi; readonly tail: ScriptedTail }> {
  const tail = new ScriptedTail();
  const fill = async (store: Store) => {
    for (let at = 0; at < messages.length; at += BATCH) await store.insert(messages.slice(at, at + BATCH));
    tail.replace(idAt(messages.length));
    return tail;
  };
  const server = await RunningApi.start(fill, changes, wrapStore);
  await until(() => server.api.problems().length === 0);
  return { server, tail };
}
