import type { Cluster } from "./cluster.ts";

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

function targetOf(name: string, process: Omit<Target, "name">): Target {
  return { name, kill: (signal) => process.kill(signal), restart: () => process.restart() };
}
