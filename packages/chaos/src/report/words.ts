type Outages = readonly { readonly noticedMs: number; readonly lastedMs: number }[];

/** How clients came back, for the table. */
export function outageWords(outages: Outages): string {
  const lasted = outages.map(({ lastedMs }) => lastedMs).toSorted((a, b) => a - b);
  const p99 = lasted[Math.floor(lasted.length * 0.99)] ?? 0;
  return `${outages.length} reconnects, p99 ${seconds(p99)}`;
}

/** How long it took the last of them to notice. */
export function noticedWords(outages: Outages): string {
  const last = Math.max(0, ...outages.map(({ noticedMs }) => noticedMs));
  return `noticed by ${outages.length} clients within ${seconds(last)}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
}
