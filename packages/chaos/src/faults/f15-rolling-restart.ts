import { outageWords, seconds } from "../report/words.ts";
import type { Fault } from "./fault.ts";

/** What P41 promises, for a process that gets SIGTERM. */
const ENDS_WITHIN_MS = 25_000;

export const rollingRestart: Fault = {
  id: "F15",
  title: "a rolling restart",
  touches: ["gateway", "persister", "history"],
  async run({ house, crowd, short, say }) {
    const began = performance.now();
    const problems: string[] = [];
    const late: string[] = [];
    const drains: { readonly stopped: number; readonly took: number }[] = [];
    let struck = 0;
    for (let round = 0; round < (short ? 1 : 3); round++) {
      say(`round ${round + 1}`);
      for (const { app } of [...house.gateways, ...house.persisters, house.historyApi]) {
        const stopped = performance.now();
        const { code, signal } = await app.stop();
        const took = performance.now() - stopped;
        if (code !== 0) problems.push(`${app.name} ended with ${signal ?? code}`);
        if (took > ENDS_WITHIN_MS) late.push(`${app.name} took ${seconds(took)} to end`);
        if (app.name === "gateway") drains.push({ stopped, took });
        await app.restart();
        struck += 1;
      }
    }
    const recoveryMs = await crowd.recovered(performance.now());
    // Only now every one that left is back, and counts.
    const spreads = drains.map(({ stopped, took }) =>
      spreadOf(crowd.outages(stopped).filter(({ noticedMs }) => noticedMs <= took)),
    );
    return {
      struck,
      of: "processes restarted",
      recoveryMs,
      shown: `${outageWords(crowd.outages(began))}, those of one gateway spread over ${seconds(Math.max(...spreads))}`,
      problems,
      late,
    };
  },
};

/** From the first to the last client that left, in ms. */
function spreadOf(outages: readonly { readonly noticedMs: number }[]): number {
  const noticed = outages.map(({ noticedMs }) => noticedMs);
  return noticed.length === 0 ? 0 : Math.max(...noticed) - Math.min(...noticed);
}
