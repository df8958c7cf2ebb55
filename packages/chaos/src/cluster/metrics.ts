import type { App } from "@parley/local";
import { eventually } from "../eventually.ts";
import type { Cluster, Gateway } from "./cluster.ts";

/**
 * Reads a metric of a process: the sum over all samples whose labels match, or 0 when there are none. Tries again
 * while the process doesn't answer.
 */
export async function readMetric(
  { adminUrl }: Pick<App, "adminUrl">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  return eventually(async () => {
    const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
    return sumSamples(await response.text(), name, labels);
  }, `the metrics of ${adminUrl}`);
}

/** Returns the gateways that have clients, the busiest first. A fault in any other gateway would affect nobody. */
export async function gatewaysWithClients({ gateways }: Pick<Cluster, "gateways">): Promise<Gateway[]> {
  const counted = await Promise.all(
    gateways.map(async (gateway) => ({ gateway, clients: await countConnections(gateway) })),
  );
  const busy = counted.filter(({ clients }) => clients > 0).toSorted((a, b) => b.clients - a.clients);
  return busy.map(({ gateway }) => gateway);
}

/** Returns the number of clients that are connected to a gateway. */
export function countConnections({ app }: Pick<Gateway, "app">): Promise<number> {
  return readMetric(app, "parley_gateway_connections");
}

/** Reads a metric of several processes and returns the sum. */
export async function sumMetric(
  processes: readonly { readonly app: Pick<App, "adminUrl"> }[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const values = await Promise.all(processes.map(({ app }) => readMetric(app, name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}

/** Adds up the matching samples in the Prometheus text format. */
export function sumSamples(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
