import type { Result } from "../runner/rounds.ts";
import type { ScenarioName } from "../runner/scenario.ts";
import { ROOM_BUSY, ROOM_SILENT } from "../scenarios/busy-room.ts";
import { CAPACITY_LOAD, PEAK_LOAD } from "../scenarios/fan-out.ts";
import { HISTORY_API, PAGE, RAW_DRIVER, WHOLE } from "../scenarios/history.ts";
import { FSYNC, SINGLE } from "../scenarios/latency.ts";
import { ONE_PERSISTER, TWO_PERSISTERS } from "../scenarios/persister.ts";
import { ALL_READ, ONE_STALLED } from "../scenarios/slow-reader.ts";

/** A performance goal and the measured figure. The figure is absolute or a ratio to another target's figure. */
export interface Goal {
  readonly text: string;
  /** NaN if it was not measured. */
  readonly figure: number;
  readonly bound: number;
  readonly atMost: boolean;
  readonly digits: number;
  readonly unit: string;
}

export type Verdict = "met" | "not met" | "not measured";

/** Compares a figure with its bound. */
export function verdictOf({ figure, bound, atMost }: Goal): Verdict {
  if (!Number.isFinite(figure) || !Number.isFinite(bound)) return "not measured";
  return (atMost ? figure <= bound : figure >= bound) ? "met" : "not met";
}

/** Percentiles differ by up to this factor from run to run. */
const NOISE = 1.2;

/** Returns the goals for `Parley split` or `Parley standalone`. */
export function goalsOf(results: readonly Result[], parley: string): Goal[] {
  const at = lookUp(results);
  /** The unit S of the report: CPU per delivery of a Socket.IO server at its peak, in µs. */
  const s = 1_000_000 / at("fan-out", "Socket.IO", PEAK_LOAD, "deliveries");
  return [
    ...roomGoals(at, parley, s),
    ...privateGoals(at, parley),
    ...otherGoals(at, parley),
    ...(parley === SPLIT ? servicesGoals(at) : []),
  ];
}

/** Names of the targets whose goals the report lists. */
export const SPLIT = "Parley split";
export const STANDALONE = "Parley standalone";

type LookUp = (name: ScenarioName, subject: string, load: string, key: string) => number;

/** Finds a figure in the row whose load contains the given text. NaN if there is no such row. */
function lookUp(results: readonly Result[]): LookUp {
  return (name, subject, load, key) => {
    const rows = results.find((result) => result.name === name)?.rows ?? [];
    const row = rows.find((one) => one.subject === subject && one.load.includes(load));
    return row?.figures[key] ?? Number.NaN;
  };
}

const atMost = (text: string, figure: number, bound: number, digits = 2, unit = ""): Goal => ({
  ...{ text, figure, bound, digits, unit },
  atMost: true,
});

const atLeast = (text: string, figure: number, bound: number, digits = 2, unit = ""): Goal => ({
  ...{ text, figure, bound, digits, unit },
  atMost: false,
});

function roomGoals(at: LookUp, parley: string, s: number): Goal[] {
  const of = (load: string, key: string, subject = parley) => at("fan-out", subject, load, key);
  const large = (key: string) => at("large-room", parley, " 500,000/s", key);
  return [
    atMost("500 listeners, 150,000/s: CPU a delivery, in S", of(" 150,000/s", "cpu") / s, 1 / 4, 3),
    atMost("500 listeners, 500,000/s: CPU a delivery, in S", of(" 500,000/s", "cpu") / s, 1 / 12, 3),
    atMost("500 listeners, 500,000/s: p99", of(" 500,000/s", "p99"), 40, 1, "ms"),
    atLeast(
      "500 listeners: the most with p99 < 100 ms, in times of Socket.IO's most",
      of(CAPACITY_LOAD, "deliveries") / of(PEAK_LOAD, "deliveries", "Socket.IO"),
      10,
      1,
    ),
    ...[" 20,000/s", " 50,000/s"].flatMap((load) =>
      [["cpu", "CPU a delivery"] as const, ["p99", "p99"] as const].map(([key, what]) =>
        atMost(
          `500 listeners,${load}: ${what}, in times of the ws tutorial's`,
          of(load, key) / of(load, key, "ws tutorial"),
          1,
        ),
      ),
    ),
    atMost("2,000 listeners, 500,000/s: CPU a delivery, in S", large("cpu") / s, 1 / 6, 3),
    atMost("2,000 listeners, 500,000/s: p99", large("p99"), 80, 1, "ms"),
  ];
}

function privateGoals(at: LookUp, parley: string): Goal[] {
  const of = (load: string, key: string, subject = parley) => at("private", subject, load, key);
  const workers = "Parley split, two workers";
  return [
    atMost("private, 2,000/s: p99", of("2,000 messages/s", "p99"), 3, 1, "ms"),
    atMost(
      "private, 10,000/s: CPU a message, in times of the ws tutorial's",
      of("10,000 messages/s", "cpu") / of("10,000 messages/s", "cpu", "ws tutorial"),
      1,
    ),
    atMost("private, 10,000/s: p99", of("10,000 messages/s", "p99"), 10, 1, "ms"),
    ...(parley === SPLIT
      ? [atMost("private, 20,000/s, two workers: p99", of("20,000 messages/s", "p99", workers), 50, 1, "ms")]
      : []),
    atMost(
      "private, 2,000/s beside a room at 100,000/s: p99, in times of the p99 alone",
      at("beside", parley, ROOM_BUSY, "p99") / at("beside", parley, ROOM_SILENT, "p99"),
      2,
    ),
  ];
}

function otherGoals(at: LookUp, parley: string): Goal[] {
  const single = at("latency", parley, SINGLE, "p50") - at("latency", parley, FSYNC, "p50");
  const memory = (subject: string) => at("idle", subject, "connections", "memory");
  const slow = (load: string) => at("slow-reader", parley, load, "p99");
  return [
    atLeast("appends acknowledged", at("append", parley, "senders", "acked"), 40_000, 0, "/s"),
    ...(parley === SPLIT
      ? [atMost("a single append on an idle system: p50 above Redis' own", single, 2, 2, "ms")]
      : []),
    atMost(
      "idle connection: memory above the ws tutorial's",
      memory(parley) - memory("ws tutorial"),
      1,
      1,
      "KiB",
    ),
    atMost(
      "one slow reader: the others' p99, in times of the p99 without (noise: 1.2)",
      slow(ONE_STALLED) / slow(ALL_READ),
      NOISE,
    ),
  ];
}

function servicesGoals(at: LookUp): Goal[] {
  const drained = (subject: string) => at("persister", subject, "messages", "cpu");
  const read = (subject: string, load: string) => at("history", subject, load, "cpu");
  return [
    atMost(
      "two persisters: CPU a message, in times of one's",
      drained(TWO_PERSISTERS) / drained(ONE_PERSISTER),
      1.15,
    ),
    atMost(
      "a history page: CPU, in times of the raw driver's query",
      read(HISTORY_API, PAGE) / read(RAW_DRIVER, PAGE),
      1.5,
    ),
    atMost(
      "streaming a conversation: CPU, in times of the driver's own cursor and JSON",
      read(HISTORY_API, WHOLE) / read(RAW_DRIVER, WHOLE),
      1.3,
    ),
  ];
}
