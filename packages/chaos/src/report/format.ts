type Outages = readonly { readonly noticedMs: number; readonly lastedMs: number }[];

/** Formats the number of reconnects and the 99th percentile of their duration, for the table. */
export function formatOutages(outages: Outages): string {
  const lasted = outages.map(({ lastedMs }) => lastedMs).toSorted((a, b) => a - b);
  const p99 = lasted[Math.floor(lasted.length * 0.99)] ?? 0;
  return `${outages.length} reconnects, p99 ${formatSeconds(p99)}`;
}

/** Formats the number of clients that noticed an outage, and the time until the last one noticed. */
export function formatDetection(outages: Outages): string {
  const last = Math.max(0, ...outages.map(({ noticedMs }) => noticedMs));
  return `noticed by ${outages.length} clients within ${formatSeconds(last)}`;
}

export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
}
