import type { Violation } from "../checker/findings.ts";
import type { Judged } from "./judgement/judge.ts";
import type { Load } from "./load/load.ts";

/** The result of one soak. */
export type SoakResult =
  | {
      readonly kind: "completed";
      readonly minutes: number;
      /** Time at the start that isn't judged, in minutes. */
      readonly warmUpMinutes: number;
      readonly load: Load;
      readonly counts: SoakCounts;
      readonly rows: readonly Judged[];
      /** Every violation and every leak, one line each. */
      readonly problems: readonly string[];
    }
  /** The soak itself failed. Nothing is known about the processes, so this is reported as a problem. */
  | { readonly kind: "aborted"; readonly reason: string };

export interface SoakCounts extends Readonly<Record<Violation, number>> {
  readonly sent: number;
  readonly acked: number;
  readonly stored: number;
  /** Messages that all connections received. */
  readonly seen: number;
  readonly connections: number;
  readonly reads: number;
  /** Sends, connections and requests that failed. */
  readonly failed: number;
}
