import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Cluster, LOG } from "../../cluster/cluster.ts";
import { idsInConversation, isStoredUpTo } from "../../cluster/log-inspection.ts";
import { sumMetric } from "../../cluster/metrics.ts";
import { eventually } from "../../eventually.ts";
import { startWorker } from "../../hostile/attacker/worker.ts";
import type { ClientOrder } from "../../workload/client-process.ts";
import type { Fault, FaultContext } from "../fault.ts";

/** Paths of libfaketime on Debian, Fedora and Homebrew. */
const LIBRARY_PATHS = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib64/faketime/libfaketime.so.1",
  "/usr/local/lib/faketime/libfaketime.so.1",
];
const LIBRARY = [process.env.FAKETIME_LIB ?? "", ...LIBRARY_PATHS].find(
  (path) => path !== "" && existsSync(path),
);
/**
 * Files with the offset of a clock. libfaketime reads them whenever the process asks for the time. Without the file, the
 * time is right. The first one is in the folder of Redis.
 */
const REDIS_OFFSET = "clock";
const GATEWAY_OFFSET = join(tmpdir(), `parley-chaos-${process.pid}-gateway-clock`);
const CLIENT_OFFSET = join(tmpdir(), `parley-chaos-${process.pid}-client-clock`);

const FAKETIME_ENV = {
  LD_PRELOAD: LIBRARY ?? "",
  FAKETIME_NO_CACHE: "1",
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
};
const HOUR_S = 3_600;
const DAY_S = 86_400;
/** The client whose clock jumps, and the user to whom it writes. */
const CLIENT = "clock-client";
const CLIENT_PEER = "clock-peer";
const CLIENT_CONVERSATION = `${CLIENT}:${CLIENT_PEER}`;
/** Longest time from a jump of a client's clock to the acks of its messages. */
const CLIENT_PATIENCE_MS = 30_000;
/** The time for which the clock of Redis is a day ahead. */
const LEAP_MS = 600;
const WINDOW_MS = 10_000;
/** More refs than the log remembers at any time, and fewer than are sent after the leap. */
const MAX_REFS = 1_000;
/** Messages that each client sends in each of three bursts. */
const ROUNDS = 17;
/** A little longer than refs are remembered. */
const FORGOTTEN_MS = 1.5 * WINDOW_MS + 1_000;

/**
 * Moves the clocks of Redis and of a gateway an hour ahead and back, that of Redis with restarts. Then moves the clock of
 * a client while its messages wait for their acks. At last moves the clock of Redis a day ahead for a moment, and sends
 * more messages than the log can remember refs.
 */
export const clocksJump: Fault = {
  id: "F17",
  title:
    "clocks jump: of Redis an hour, with a restart between, and a day for a moment; of a gateway; of a client",
  // Refs of ordinary traffic then take a fraction of their limit.
  ratePerSecond: 10,
  clusterOptions: {
    redisEnv: { ...FAKETIME_ENV, FAKETIME_TIMESTAMP_FILE: REDIS_OFFSET },
    secondGatewayEnv: { ...FAKETIME_ENV, FAKETIME_TIMESTAMP_FILE: GATEWAY_OFFSET },
    env: { DEDUPE_WINDOW_MS: String(WINDOW_MS), DEDUPE_MAX_REFS: String(MAX_REFS) },
  },
  async unavailableReason() {
    return LIBRARY === undefined ? "libfaketime is not installed here" : undefined;
  },
  async inject(context) {
    try {
      const all = [await jumpHours(context), await jumpClient(context), await leapDay(context)];
      return {
        ownSender: CLIENT,
        struck: all.reduce((sum, { jumps }) => sum + jumps, 0),
        unit: "jumps",
        recoveryMs: Math.max(...all.map(({ recoveryMs }) => recoveryMs)),
        details: all.map(({ details }) => details).join("; "),
        problems: all.flatMap(({ problems }) => problems),
      };
    } finally {
      for (const offset of [GATEWAY_OFFSET, CLIENT_OFFSET]) await rm(offset, { force: true });
    }
  },
};

interface Jumps {
  readonly jumps: number;
  readonly recoveryMs: number;
  readonly details: string;
  readonly problems: readonly string[];
}

async function jumpHours({ cluster, workload, log }: FaultContext): Promise<Jumps> {
  let [jumps, recoveryMs] = [0, 0];
  /**
   * Moves the clocks and waits for the recovery. Resolves with the number of ms by which the log's last id is ahead of
   * the clock of Redis.
   */
  const jump = async (offset: string, gatewayOffset: string, withCrash: boolean): Promise<number> => {
    log(
      `the clock of Redis goes to ${offset}${withCrash ? ", and Redis crashes" : ""}; a gateway's to ${gatewayOffset}`,
    );
    const before = await readTimes(cluster);
    await setClock(GATEWAY_OFFSET, gatewayOffset);
    await setClock(join(cluster.redis.dir, REDIS_OFFSET), offset);
    if (withCrash) {
      await cluster.redis.kill("SIGKILL");
      await cluster.redis.restart();
    }
    recoveryMs = Math.max(recoveryMs, await workload.untilRecovered(performance.now()));
    jumps += 1;
    const after = await readTimes(cluster);
    if (after.lastIdMs < before.lastIdMs) throw new Error("ids went back");
    return after.lastIdMs - after.clockMs;
  };
  const leadAhead = await jump(`+${HOUR_S}s`, `-${HOUR_S}s`, false);
  const leadBack = await jump("+0s", `+${HOUR_S}s`, true);
  await jump(`-${HOUR_S}s`, `-${HOUR_S}s`, true);
  await jump("+0s", "+0s", false);
  return {
    jumps,
    recoveryMs,
    details: `after the jump back ids stood ${Math.round(leadBack / 1000)} s before the clock and went on from there`,
    problems: [
      ...(Math.abs(leadAhead) < 60_000 ? [] : ["the ids did not follow the clock ahead"]),
      ...(leadBack > (HOUR_S - 60) * 1000 ? [] : ["the ids went back with the clock"]),
    ],
  };
}

/** The clock of a client goes an hour ahead, and two hours back while its gateway dies with its messages. */
async function jumpClient({ cluster, log }: FaultContext): Promise<Jumps> {
  const [gateway] = cluster.gateways;
  if (!gateway) throw new Error("there is no gateway");
  const file = join(import.meta.dirname, "../../workload/client-process.ts");
  const env = { ...FAKETIME_ENV, FAKETIME_TIMESTAMP_FILE: CLIENT_OFFSET };
  const client = startWorker<ClientOrder, readonly string[]>(file, env);
  const send = () => client.call({ kind: "send", to: CLIENT_PEER, count: 5 });
  try {
    const url = `${gateway.app.url.replace("http", "ws")}/ws`;
    await client.call({ kind: "connect", url, token: await cluster.token(CLIENT) });
    const ids = [...(await send())];
    log("the clock of a client goes an hour ahead, and two hours back while its messages wait");
    await setClock(CLIENT_OFFSET, `+${HOUR_S}s`);
    ids.push(...(await send()));
    await gateway.app.kill("SIGSTOP");
    // An error is the outcome. It may come before the gateway is back.
    const waiting = send().catch(String);
    await delay(LEAP_MS);
    await gateway.app.kill("SIGKILL");
    await setClock(CLIENT_OFFSET, `-${HOUR_S}s`);
    await gateway.app.restart();
    const startedAt = performance.now();
    const late = delay(CLIENT_PATIENCE_MS).then(() => "no ack in time");
    const outcome = await Promise.race([waiting, late]);
    const recoveryMs = performance.now() - startedAt;
    if (typeof outcome !== "string") ids.push(...outcome);
    return {
      jumps: 2,
      recoveryMs,
      details: "a client whose clock went two hours back had its acks",
      problems: [
        ...(typeof outcome === "string" ? [`clock-client: ${outcome}`] : []),
        ...(await storedOnce(cluster, ids)),
      ],
    };
  } finally {
    client.stop();
  }
}

/** Checks that the client's messages are stored once. */
async function storedOnce(cluster: Cluster, ids: readonly string[]): Promise<string[]> {
  await eventually(() => isStoredUpTo(cluster, ids.at(-1) ?? ""), "the client's messages to be stored");
  const stored = await idsInConversation(cluster, CLIENT_CONVERSATION);
  const isSame = stored.size === ids.length && ids.every((id) => stored.has(id));
  return isSame
    ? []
    : [`of ${ids.length} messages of a client whose clock jumped, ${stored.size} are stored`];
}

/** The log's time then stands still for a day, and refs must be forgotten all the same. */
async function leapDay({ cluster, workload, log }: FaultContext): Promise<Jumps> {
  const countRefusals = () =>
    sumMetric(cluster.gateways, "parley_gateway_messages_failed_total", { code: "backlog_full" });
  const refusedBefore = await countRefusals();
  const sendBurst = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) await workload.sendFromAll("", 0);
  };
  const clock = join(cluster.redis.dir, REDIS_OFFSET);
  log(`the clock of Redis leaps a day ahead for ${LEAP_MS} ms, in which a persister dies with messages`);
  // The persisters can't store what they read, so the one that dies has messages that it got while the clock was ahead.
  await cluster.mongo.kill("SIGSTOP");
  await setClock(clock, `+${DAY_S}s`);
  await Promise.all([workload.sendFromAll("", 0), delay(LEAP_MS)]);
  const [persister] = cluster.persisters;
  await persister?.app.kill("SIGKILL");
  await setClock(clock, "+0s");
  await cluster.mongo.kill("SIGCONT");
  await persister?.app.restart();
  const recoveryMs = await workload.untilRecovered(performance.now());
  const sentBefore = workload.ledger.sends.length;
  for (const pauseMs of [FORGOTTEN_MS, FORGOTTEN_MS, 0]) {
    await sendBurst();
    await delay(pauseMs);
  }
  const sent = workload.ledger.sends.length - sentBefore;
  const refused = (await countRefusals()) - refusedBefore;
  const { lastIdMs, clockMs } = await readTimes(cluster);
  const leadMs = lastIdMs - clockMs;
  const toldSeconds = await sumMetric(cluster.persisters, "parley_persister_log_ahead_seconds");
  return {
    jumps: 2,
    recoveryMs,
    details: `with ids ${Math.round(leadMs / 1000)} s before the clock, ${sent} messages came, with room for ${MAX_REFS} refs`,
    problems: [
      ...(leadMs > (DAY_S - 600) * 1000 ? [] : ["no id was made while the clock was a day ahead"]),
      ...(sent > MAX_REFS
        ? []
        : [`only ${sent} messages were sent after the leap: the log had room for their refs`]),
      ...(refused === 0 ? [] : [`${refused} sends were refused: refs were not forgotten`]),
      ...(toldSeconds > DAY_S ? [] : ["the persisters did not tell that the log is ahead"]),
    ],
  };
}

/** Replaces the file in one step: libfaketime ends a process that reads a half-written file. */
async function setClock(path: string, offset: string): Promise<void> {
  await writeFile(`${path}.next`, offset);
  await rename(`${path}.next`, path);
}

/** Reads the time in the log's last id, and the time on the clock of Redis, both in ms since 1970. */
async function readTimes(cluster: Cluster): Promise<{ lastIdMs: number; clockMs: number }> {
  return cluster.withRedis(async (redis) => {
    const [last] = await redis.xrevrange(LOG, "+", "-", "COUNT", 1);
    const [seconds = 0] = (await redis.time()).map(Number);
    return { lastIdMs: Number(last?.[0].split("-")[0]), clockMs: seconds * 1000 };
  });
}
