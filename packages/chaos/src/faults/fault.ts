import type { House, HouseKnobs } from "../cluster/cluster.ts";
import type { Reader } from "../workload/history-reader.ts";
import type { Crowd } from "../workload/workload.ts";

/** What a fault strikes at; two faults that share none of it can be under way together. */
type Part = (typeof EVERYTHING)[number];

export const EVERYTHING = ["gateway", "persister", "redis", "mongo", "links", "history"] as const;

/** One way in which things go wrong. */
export interface Fault {
  /** `F1` to `F18`. */
  readonly id: string;
  readonly title: string;
  /** What it does is drawn from the seed: with each it is another trial, which the table lists. */
  readonly isDrawn?: true;
  /** May be drawn for F18, on a house without knobs, together with what strikes at other parts. */
  readonly touches?: readonly Part[];
  /** How the house must be for it. */
  readonly knobs?: HouseKnobs;
  /** Where it lasts long, the crowd talks slower, so that the room stays one that every store can read in time. */
  readonly ratePerSecond?: number;
  /** Why it cannot be made on this machine, where that is so; asked before a house is started. */
  readonly impossible?: () => Promise<string | undefined>;
  /** Strikes while the crowd talks, and heals: when it resolves the house is as before. */
  run(context: Context): Promise<Strike>;
}

export interface Context {
  readonly house: House;
  readonly crowd: Crowd;
  readonly reader: Reader;
  /** Everything small, for the test command. */
  readonly short: boolean;
  readonly seed: number;
  /** How long F18 goes on. */
  readonly minutes: number;
  /** Tells whoever waits what is going on. */
  readonly say: (what: string) => void;
}

/** What a fault did. */
export interface Strike {
  /** How often it really struck; 0 is a failure, since then nothing was shown. */
  readonly struck: number;
  /** What was counted: "claims". */
  readonly of: string;
  /** From the end of the fault, or where nothing ends from its beginning, until all was as before. */
  readonly recoveryMs: number;
  /** What else was seen, in one line. */
  readonly shown: string;
  /** What should have been and was not, beyond what every fault is checked for. */
  readonly problems?: readonly string[];
  /** What came later than promised: counts where the machine does nothing else, and only there. */
  readonly late?: readonly string[];
  /** Ids that were in the log and nowhere else when it was destroyed on purpose. */
  readonly destroyed?: ReadonlySet<string>;
}
