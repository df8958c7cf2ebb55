import type { App } from "@parley/local";
import { eventually } from "../eventually.ts";
import type { Gateway, House } from "./cluster.ts";

/** The sum of a metric over those of its labels that fit; 0 where it has no sample. A process that hangs is waited for. */
export async function metric(
  { adminUrl }: Pick<App, "adminUrl">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  return eventually(`the metrics of ${adminUrl}`, async () => {
    const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
    return sumOf(await response.text(), name, labels);
  });
}

/** The gateways that have clients, the one with the most first: only there a fault can strike anybody. */
export async function withClients({ gateways }: Pick<House, "gateways">): Promise<Gateway[]> {
  const counted = await Promise.all(
    gateways.map(async (gateway) => ({ gateway, clients: await connections(gateway) })),
  );
  const busy = counted.filter(({ clients }) => clients > 0).toSorted((a, b) => b.clients - a.clients);
  return busy.map(({ gateway }) => gateway);
}

/** How many clients a gateway has. */
export function connections({ app }: Pick<Gateway, "app">): Promise<number> {
  return metric(app, "parley_gateway_connections");
}

/** The sum over several processes. */
export async function metrics(
  members: readonly { readonly app: Pick<App, "adminUrl"> }[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const values = await Promise.all(members.map(({ app }) => metric(app, name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}

/** Of the text format of Prometheus. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
