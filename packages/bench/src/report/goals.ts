import type { Result } from "../runner/rounds.ts";
import { ROOM_BUSY, ROOM_SILENT } from "../scenarios/busy-room.ts";
import { APPEND_CALL, BARE_COMMANDS, ONE_DRAFT } from "../scenarios/call.ts";
import { CAPACITY_LOAD, PEAK_LOAD } from "../scenarios/fan-out.ts";
import { BUSES, SMALL_CALLS } from "../scenarios/gateways.ts";
import { HISTORY_API, PAGE, RAW_DRIVER, WHOLE } from "../scenarios/history.ts";
import { FSYNC, SINGLE } from "../scenarios/latency.ts";
import { ONE_PERSISTER, TWO_PERSISTERS } from "../scenarios/persister.ts";
import { ALL_READ, ONE_STALLED } from "../scenarios/slow-reader.ts";
import { centrifuge, centrifugeDelayed, socketIo, wsTutorial } from "../targets/peer.ts";
import { atLeast, atMost, type Goal, type LookUp, leastOf, lookUp } from "./goal.ts";

/** Names of the targets whose goals the report lists. */
export const SPLIT = "Parley split";
export const STANDALONE = "Parley standalone";

/** Percentiles differ by up to this factor from run to run. */
const NOISE = 1.2;
/**
 * Redis' CPU for a message of small calls before they were made cheaper, in times of the bare commands of the same run:
 * 155 of 20.6 µs on 28 November 2026, medians of three rounds on a quiet machine, at 1.2 messages a call.
 */
const SMALL_CALLS_BEFORE = 7.5;
/** 12 of the 26 µs that the bare commands took when this goal was set. */
const FURTHER_DRAFT = 0.46;

/** Returns the goals for `Parley split` or `Parley standalone`. */
export function goalsOf(results: readonly Result[], parley: string): Goal[] {
  const at = lookUp(results);
  return [
    ...roomGoals(at, parley),
    ...privateGoals(at, parley),
    ...otherGoals(at, parley),
    ...(parley === SPLIT ? [...redisGoals(at), ...servicesGoals(at)] : []),
  ];
}

function roomGoals(at: LookUp, parley: string): Goal[] {
  const of = (load: string, key: string, subject = parley) => at("fan-out", subject, load, key);
  const large = (key: string) => at("large-room", parley, " 500,000/s", key);
  const peak = of(PEAK_LOAD, "deliveries", socketIo.name);
  /** The unit S of the report: CPU per delivery of a Socket.IO server at its peak, in µs. */
  const s = 1_000_000 / peak;
  const best = (load: string, key: string) =>
    leastOf([centrifuge, centrifugeDelayed].map(({ name }) => of(load, key, name)));
  return [
    atMost("500 listeners, 150,000/s: CPU a delivery, in S", of(" 150,000/s", "cpu") / s, 1 / 4, 3),
    atMost("500 listeners, 500,000/s: CPU a delivery, in S", of(" 500,000/s", "cpu") / s, 1 / 12, 3),
    ...[" 150,000/s", " 500,000/s"].map((load) =>
      atMost(
        `500 listeners,${load}: CPU a delivery, in times of Centrifuge's best`,
        of(load, "cpu") / best(load, "cpu"),
        0.6,
      ),
    ),
    ...[" 20,000/s", " 50,000/s", " 150,000/s", " 500,000/s"].map((load) =>
      atMost(
        `500 listeners,${load}: p99, in times of Centrifuge's best`,
        of(load, "p99") / best(load, "p99"),
        2,
      ),
    ),
    atLeast(
      "500 listeners: the most with p99 < 100 ms, in times of Socket.IO's most",
      of(CAPACITY_LOAD, "deliveries") / peak,
      10,
      1,
    ),
    ...[" 20,000/s", " 50,000/s"].map((load) =>
      atMost(
        `500 listeners,${load}: CPU a delivery, in times of the ws tutorial's`,
        of(load, "cpu") / of(load, "cpu", wsTutorial.name),
        1,
      ),
    ),
    atMost("2,000 listeners, 500,000/s: CPU a delivery, in S", large("cpu") / s, 1 / 6, 3),
    atMost("2,000 listeners, 500,000/s: p99", large("p99"), 80, 1, "ms"),
  ];
}

function privateGoals(at: LookUp, parley: string): Goal[] {
  const of = (load: string, key: string, subject = parley) => at("private", subject, load, key);
  const [slow, fast, most] = ["2,000 messages/s", "5,000 messages/s", "10,000 messages/s"] as const;
  const latency = (load: string, key: "p50" | "p99", bound: number): Goal => ({
    ...atMost(`private, ${load}: ${key}`, of(load, key), bound, 1, "ms"),
    fsyncP99: of(load, "fsyncP99"),
  });
  return [
    ...[slow, fast].map((load) =>
      atMost(
        `private, ${load}: CPU a message, in times of the ws tutorial's`,
        of(load, "cpu") / of(load, "cpu", wsTutorial.name),
        0.85,
      ),
    ),
    ...(parley === SPLIT
      ? [
          atMost(`private, ${slow}: Redis' CPU a message`, of(slow, "redis"), 80, 0, "µs"),
          atMost(`private, ${fast}: Redis' CPU a message`, of(fast, "redis"), 40, 0, "µs"),
        ]
      : []),
    latency(slow, "p50", 2.5),
    latency(slow, "p99", 8),
    latency(fast, "p99", 30),
    atLeast(`private, ${most}: carried`, of(most, "rate"), 9_500, 0, "/s"),
    atMost(`private, ${most}: refused`, of(most, "refused"), 0, 0),
    atMost(
      "private, 2,000/s beside a room at 100,000/s: p99, in times of the p99 alone",
      at("beside", parley, ROOM_BUSY, "p99") / at("beside", parley, ROOM_SILENT, "p99"),
      2,
    ),
  ];
}

function otherGoals(at: LookUp, parley: string): Goal[] {
  const single = at("latency", parley, SINGLE, "p50") - at("latency", parley, FSYNC, "p50");
  const idle = (subject: string, key: string) => at("idle", subject, "connections", key);
  const slow = (load: string) => at("slow-reader", parley, load, "p99");
  return [
    atLeast("appends acknowledged", at("append", parley, "senders", "acked"), 30_000, 0, "/s"),
    ...(parley === SPLIT
      ? [atMost("a single append on an idle system: p50 above Redis' own", single, 1, 2, "ms")]
      : []),
    atMost(
      "handshake: CPU, in times of the ws tutorial's",
      idle(parley, "cpu") / idle(wsTutorial.name, "cpu"),
      1.3,
    ),
    atMost(
      "idle connection: memory above the ws tutorial's",
      idle(parley, "memory") - idle(wsTutorial.name, "memory"),
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

function redisGoals(at: LookUp): Goal[] {
  const bare = at("call", BARE_COMMANDS, ONE_DRAFT, "redis");
  const of = (key: string) => at("call", APPEND_CALL, ONE_DRAFT, key) / bare;
  const small = at("gateways", BUSES, SMALL_CALLS, "redis") / bare;
  return [
    atMost("Redis: CPU of a call with one draft, in times of the bare commands'", of("redis"), 2.5),
    atMost("Redis: CPU of each further draft, in times of the bare commands'", of("further"), FURTHER_DRAFT),
    atMost(
      "Redis: CPU of a message from 8 gateways of 500/s, in times of the bare commands' (half of before)",
      small,
      SMALL_CALLS_BEFORE / 2,
    ),
    atMost("8 gateways of 500/s: refused", at("gateways", BUSES, SMALL_CALLS, "refused"), 0, 0),
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
