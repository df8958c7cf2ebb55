/** Something that the holder of a token got from a process. */
export interface Service {
  /** Such as "gateway 0". */
  readonly process: string;
  /** Such as "a message" or "a handshake". */
  readonly what: string;
  /** When the request was sent, or when the frame came. */
  readonly atMs: number;
  /** The id of the message that the frame brought or acknowledged. */
  readonly id?: string;
}

/** The moment at which a revocation was acknowledged, and the end of the log at that moment. */
export interface Revoked {
  readonly atMs: number;
  readonly end: string;
}

/** Time within which a revocation counts at a process, and at one whose link to the log is broken (P65). */
const WITHIN_MS = { working: 1_000, broken: 3_000 };
/** A frame that was sent in time may be read late. A request that was sent late was judged later still. */
const READ_LATE_MS = 1_000;

/** The result of judging what the holder of a revoked token got. */
export interface RevokedVerdict {
  /** One line for each process and kind of service that came after all bounds. */
  readonly problems: readonly string[];
  /** One line for each process that was slower than promised. It may be the machine that was slow. */
  readonly late: readonly string[];
  /** The latest service of each kind of process, in ms after the revocation. */
  readonly slowestMs: Readonly<Record<keyof typeof WITHIN_MS, number>>;
}

/**
 * Judges what the holder of a revoked token got after the revocation. `broken` are the processes whose link to the log was
 * broken, or that were frozen. A frame counts only if its message is from after the revocation.
 */
export function judgeRevoked(
  services: readonly Service[],
  { atMs, end }: Revoked,
  broken: ReadonlySet<string>,
): RevokedVerdict {
  const problems = new Map<string, number>();
  const late = new Map<string, number>();
  const slowestMs = { working: 0, broken: 0 };
  for (const { process, what, atMs: gotMs, id } of services) {
    const ms = gotMs - atMs;
    if (ms <= 0 || (id !== undefined && id <= end)) continue;
    const kind = broken.has(process) ? "broken" : "working";
    slowestMs[kind] = Math.max(slowestMs[kind], ms);
    const name = `${process} gave ${what}`;
    // No process accepts anything that it can't know to be accepted, however slow the machine is.
    if (ms > WITHIN_MS.broken + (id === undefined ? 0 : READ_LATE_MS)) raise(problems, name, ms);
    else if (ms > WITHIN_MS[kind]) raise(late, name, ms);
  }
  const lines = (found: ReadonlyMap<string, number>) =>
    [...found].map(([name, ms]) => `P65: ${name} ${(ms / 1000).toFixed(1)} s after the revocation`);
  return { problems: lines(problems), late: lines(late), slowestMs };
}

function raise(found: Map<string, number>, name: string, ms: number): void {
  found.set(name, Math.max(found.get(name) ?? 0, ms));
}
