import { persisterDies } from "./f01-persister-dies.ts";
import { persisterFreezes } from "./f02-persister-freezes.ts";
import { gatewayDies } from "./f03-gateway-dies.ts";
import { gatewayHangs } from "./f04-gateway-hangs.ts";
import { redisStalls } from "./f05-redis-stalls.ts";
import { redisCrashes } from "./f06-redis-crashes.ts";
import { logGone, storedLogGone } from "./f07-log-gone.ts";
import { replyLost } from "./f08-reply-lost.ts";
import { subscriptionLost } from "./f09-subscription-lost.ts";
import { halfOpen } from "./f10-half-open.ts";
import { mongoStops } from "./f11-mongo-stops.ts";
import { poison } from "./f12-poison.ts";
import { backlogFull } from "./f13-backlog-full.ts";
import { slowReader } from "./f14-slow-reader.ts";
import { rollingRestart } from "./f15-rolling-restart.ts";
import { redisFull } from "./f16-redis-full.ts";
import { clocksJump } from "./f17-clocks-jump.ts";
import { everythingAtOnce } from "./f18-everything.ts";
import { changeInterrupted } from "./f19-change-interrupted.ts";
import { changeOvertakes } from "./f20-change-overtakes.ts";
import { slowStore } from "./f25-slow-store.ts";
import { randomSignals } from "./f26-random-signals.ts";
import { feedRead } from "./f27-feed-read.ts";
import type { Fault } from "./fault.ts";

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
  slowStore,
  randomSignals,
  feedRead,
];
