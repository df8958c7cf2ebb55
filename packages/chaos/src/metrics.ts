import type { App } from "@parley/local";

/** The sum of a metric over those of its labels that fit; 0 where it has no sample. Rejects where nobody answers. */
export async function metric(
  { adminUrl }: Pick<App, "adminUrl">,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
  return sumOf(await response.text(), name, labels);
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
