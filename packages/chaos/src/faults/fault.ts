import type { Cluster, ClusterOptions } from "../cluster/cluster.ts";
import type { Changer } from "../workload/changer.ts";
import type { HistoryReader } from "../workload/history-reader.ts";
import type { Workload } from "../workload/workload.ts";

export const ALL_COMPONENTS = ["gateway", "persister", "redis", "mongo", "links", "history"] as const;

type Component = (typeof ALL_COMPONENTS)[number];

/** A fault of docs/guarantees.md. */
export interface Fault {
  /** Such as `F1`. */
  readonly id: string;
  readonly title: string;
  /**
   * True if the seed decides the course of the fault. Each seed is then a different trial, so the report lists each
   * seed.
   */
  readonly isRandom?: true;
  /**
   * The components that the fault affects. F18 draws only faults with this field. It injects two at once only if they
   * have no component in common. A fault with this field must run in a cluster without options.
   */
  readonly affects?: readonly Component[];
  /** Options for starting the fault's cluster. */
  readonly clusterOptions?: ClusterOptions;
  /**
   * Limits the messages per second during a long fault, so that even a slow store can read the public room in time.
   */
  readonly ratePerSecond?: number;
  /** True if messages are edited and deleted during the fault (P73). */
  readonly hasChanges?: true;
  /** True if clients send at the same rate until the fault is over. By default they slow down during a long fault. */
  readonly isSteady?: true;
  /**
   * Resolves with the reason why this machine can't make the fault, or with undefined if it can. Called before a
   * cluster is started.
   */
  readonly unavailableReason?: () => Promise<string | undefined>;
  /** Injects the fault while the workload runs. Resolves once the cluster is as it was before. */
  inject(context: FaultContext): Promise<Injection>;
}

export interface FaultContext {
  readonly cluster: Cluster;
  readonly workload: Workload;
  /** Edits and deletes messages of the workload. */
  readonly changer: Changer;
  readonly historyReader: HistoryReader;
  /** True for the short form, which the test command runs. */
  readonly short: boolean;
  readonly seed: number;
  /** Duration of a random fault (F18, F26). */
  readonly minutes: number;
  /** Called with each line of progress. */
  readonly log: (line: string) => void;
}

/** The effect of a fault. */
export interface Injection {
  /** Number of times that the fault had an effect. If it is 0, the trial fails, because it showed nothing. */
  readonly struck: number;
  /** The things that `struck` counts, such as "claims". */
  readonly unit: string;
  /**
   * Time in ms until everything works as before, from the end of the fault, or from its start if the fault has no
   * end.
   */
  readonly recoveryMs: number;
  /** Other results, in one line. */
  readonly details: string;
  /** Violations of promises that only this fault checks. */
  readonly problems?: readonly string[];
  /** Violations of promised times. They are reported only in the full form, in which the machine isn't shared. */
  readonly late?: readonly string[];
  /** A user whose messages the fault has sent and checked by itself. The checks of all others leave them out. */
  readonly ownSender?: string;
  /** Ids that were only in the log when the fault destroyed it. */
  readonly destroyed?: ReadonlySet<string>;
}
