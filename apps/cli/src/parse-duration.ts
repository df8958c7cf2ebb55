const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Seconds of `90s`, `15m`, `1h` or `7d`; undefined for anything else, and for none at all. */
export function secondsOf(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * SECONDS[unit as keyof typeof SECONDS];
}
