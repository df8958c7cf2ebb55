import { changeInterrupted } from "./changes/f19-change-interrupted.ts";
import { changeOvertakes } from "./changes/f20-change-overtakes.ts";
import { halfOpen } from "./clients/f10-half-open.ts";
import { slowReader } from "./clients/f14-slow-reader.ts";
import { clocksJump } from "./everything/f17-clocks-jump.ts";
import { everythingAtOnce } from "./everything/f18-everything.ts";
import { readMarks } from "./everything/f23-read-marks.ts";
import { randomSignals } from "./everything/f26-random-signals.ts";
import { feedRead } from "./everything/f27-feed-read.ts";
import type { Fault } from "./fault.ts";
import { persisterDies } from "./processes/f01-persister-dies.ts";
import { persisterFreezes } from "./processes/f02-persister-freezes.ts";
import { gatewayDies } from "./processes/f03-gateway-dies.ts";
import { gatewayHangs } from "./processes/f04-gateway-hangs.ts";
import { rollingRestart } from "./processes/f15-rolling-restart.ts";
import { redisStalls } from "./redis/f05-redis-stalls.ts";
import { redisCrashes } from "./redis/f06-redis-crashes.ts";
import { logGone, storedLogGone } from "./redis/f07-log-gone.ts";
import { replyLost } from "./redis/f08-reply-lost.ts";
import { subscriptionLost } from "./redis/f09-subscription-lost.ts";
import { poison } from "./redis/f12-poison.ts";
import { backlogFull } from "./redis/f13-backlog-full.ts";
import { redisFull } from "./redis/f16-redis-full.ts";
import { revokedToken } from "./redis/f24-revoked-token.ts";
import { mongoStops } from "./store/f11-mongo-stops.ts";
import { slowStore } from "./store/f25-slow-store.ts";

/** The faults that F18 may combine, except those after it. */
const SINGLE: readonly Fault[] = [
  persisterDies,
  persisterFreezes,
  gatewayDies,
  gatewayHangs,
  redisStalls,
  redisCrashes,
  logGone,
  replyLost,
  subscriptionLost,
  halfOpen,
  mongoStops,
  poison,
  backlogFull,
  slowReader,
  rollingRestart,
  redisFull,
  clocksJump,
];

const OF_CHANGES: readonly Fault[] = [changeInterrupted, changeOvertakes];

/** All faults of docs/guarantees.md, in its order. */
export const FAULTS: readonly Fault[] = [
  ...SINGLE,
  everythingAtOnce([...SINGLE, storedLogGone, ...OF_CHANGES]),
  ...OF_CHANGES,
  readMarks,
  revokedToken,
  slowStore,
  randomSignals,
  feedRead,
];
