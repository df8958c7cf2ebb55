import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";

const DEAD_MS = 500;
const PAUSE_MS = 1_000;

/** A process of the cluster that may get signals. */
export interface Target {
  readonly name: string;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

/** Returns every process of the cluster: the servers, then the apps. */
export function targetsOf({ redis, mongo, gateways, persisters, historyApi }: Cluster): Target[] {
  const apps = [...gateways, ...persisters, historyApi].map(({ app }, n) =>
    targetOf(`${app.name} ${n}`, app),
  );
  return [targetOf("redis", redis), targetOf("mongo", mongo), ...apps];
}

/** Kills a process, starts it again after a moment, and leaves the cluster a second to work. */
export async function killAndRestart(target: Pick<Target, "kill" | "restart">): Promise<void> {
  await target.kill("SIGKILL");
  await delay(DEAD_MS);
  await target.restart();
  await delay(PAUSE_MS);
}

function targetOf(name: string, process: Omit<Target, "name">): Target {
  return { name, kill: (signal) => process.kill(signal), restart: () => process.restart() };
}
