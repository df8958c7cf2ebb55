import { until } from "@parley/async";
import type { LogMessage } from "@parley/models";
import type { HistoryConfig } from "../config.ts";
import { RunningApi } from "./running-api.ts";
import { idAt, ScriptedTail } from "./scripted-tail.ts";

/**
 * Starts a history-api over a log whose watermark is at message 2. `stored` lists the numbers of the stored messages.
 */
export async function startPartlyStored(
  log: readonly LogMessage[],
  stored: readonly number[],
  config: Partial<HistoryConfig> = {},
): Promise<{ readonly server: RunningApi; readonly tail: ScriptedTail }> {
  const tail = new ScriptedTail();
  const server = await RunningApi.start(async (store) => {
    await store.insert(log.filter((_, index) => stored.includes(index + 1)));
    tail.append(...log);
    tail.stored = idAt(2);
    return tail;
  }, config);
  await until(() => server.api.problems().length === 0);
  return { server, tail };
}
