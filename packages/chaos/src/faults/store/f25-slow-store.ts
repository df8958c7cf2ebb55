import { setTimeout as delay } from "node:timers/promises";
import { conversationOf } from "@parley/models";
import type { Slowness } from "@parley/testkit";
import { idsInConversation, isStoredUpTo } from "../../cluster/log-inspection.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import { HistoryProbe } from "../../workload/history-probe.ts";
import { RawSender } from "../../workload/raw-sender.ts";
import type { Fault, FaultContext } from "../fault.ts";

const SENDER = "f25-sender";
const READERS = 10;
/** Requests that one user sends at once. Only a few of them are answered at the same time. */
const BURST = 40;
/** The content of a message, long enough that a full batch exceeds its deadline at `NARROW`. */
const PADDING = "x".repeat(100);
/** So few bytes per second and connection that a full batch takes more than twice its deadline. */
const NARROW: Slowness = { delayMs: 50, bytesPerSecond: 10_000 };
const DELAYS_MS = [200, 1_000, 3_000, 6_000];
/** With `NARROW` at least this many messages must be stored. A few may come in small batches. */
const MIN_PROGRESS = 20;
const DRAIN_TIMEOUT_MS = 300_000;

interface Size {
  readonly messages: number;
  /** The store is slow in these ways, one after the other. After each sequence the backlog must be stored. */
  readonly sequences: readonly (readonly Slowness[])[];
  readonly phaseMs: number;
  /** Time within which each request for history must be answered. Tests share the machine, so they get more. */
  readonly limitMs: number;
}

const FULL: Size = {
  messages: 20_000,
  sequences: [DELAYS_MS.map((delayMs) => ({ delayMs })), [NARROW]],
  phaseMs: 15_000,
  limitMs: 12_000,
};
const SHORT: Size = {
  // More than a full batch of each persister.
  messages: 1_200,
  sequences: [[{ delayMs: 6_000 }], [NARROW]],
  phaseMs: 12_000,
  limitMs: 20_000,
};

/** The unstored messages of the trial: their sender, its present peer, and the ids of their conversation. */
interface Bulk {
  readonly sender: RawSender;
  peer: string;
  ids: string[];
}

/**
 * Makes the store slow while a backlog waits and readers ask for it. Each request must be answered, with 200 or 503. When
 * the store is quick again, the backlog must be stored soon, and each message once.
 */
export const slowStore: Fault = {
  id: "F25",
  title: "the store is slow: each operation takes 0.2 to 6 s, or its link is narrow",
  // The trial has its own cluster, because it leaves conversations behind.
  clusterOptions: {},
  ratePerSecond: 12,
  async inject(context) {
    const { cluster, log, short } = context;
    const size = short ? SHORT : FULL;
    const sender = new RawSender(cluster.urls, await cluster.token(SENDER), "f25");
    const bulk: Bulk = { sender, peer: "f25-peer", ids: [] };
    const probe = new HistoryProbe(cluster.historyApi.app.url, size.limitMs);
    const problems: string[] = [];
    const drainsMs: number[] = [];
    try {
      await fillBacklog(context, bulk, size.messages);
      const freshMs = await drain(context, bulk, problems);
      log(`a fresh drain of ${size.messages} messages took ${formatSeconds(freshMs)}`);
      for (const sequence of size.sequences) {
        for (const slowness of sequence) {
          await fillBacklog(context, bulk, size.messages, () => cluster.mongoProxy.slow(slowness));
          log(`the store has ${nameOf(slowness)}`);
          await readWhileSlow(context, bulk.peer, probe, size.phaseMs);
        }
        if (sequence.includes(NARROW)) problems.push(...(await progressProblems(context, bulk)));
        cluster.mongoProxy.slow(undefined);
        drainsMs.push(await drain(context, bulk, problems));
        log(`the rest was stored in ${formatSeconds(drainsMs.at(-1) ?? 0)}`);
      }
      const worstMs = Math.max(...drainsMs);
      return {
        ownSender: SENDER,
        struck: probe.struck,
        unit: "requests that waited or got 503",
        recoveryMs: worstMs,
        details: `${probe.complete} answers, ${probe.refused} times 503, the slowest first byte after ${formatSeconds(probe.slowestMs)}; the backlog of ${size.messages} was stored within ${formatSeconds(worstMs)}, a fresh one within ${formatSeconds(freshMs)}`,
        problems: [...problems, ...probe.problems],
        late:
          worstMs > 2 * freshMs
            ? [
                `the backlog was stored after ${formatSeconds(worstMs)}, a fresh one after ${formatSeconds(freshMs)}`,
              ]
            : [],
      };
    } finally {
      cluster.mongoProxy.slow(undefined);
      bulk.sender.close();
    }
  },
};

/**
 * Sends messages while no persister stores them, until `messages` wait. Then calls `before` and lets the persisters
 * continue.
 */
async function fillBacklog(
  { cluster }: FaultContext,
  bulk: Bulk,
  messages: number,
  before: () => void = () => undefined,
): Promise<void> {
  await Promise.all(cluster.persisters.map(({ app }) => app.kill("SIGSTOP")));
  const { sender, peer, ids } = bulk;
  const stored = ids.length === 0 ? 0 : (await idsOf(cluster, bulk)).size;
  const missing = Math.max(0, messages - (ids.length - stored));
  const contents = Array.from({ length: missing }, (_, n) => `bulk ${n} ${PADDING}`);
  ids.push(...(await sender.sendAll(peer, contents)));
  before();
  await Promise.all(cluster.persisters.map(({ app }) => app.kill("SIGCONT")));
}

/** Waits until everything is stored, and checks that each message is stored once. Resolves with the time in ms. */
async function drain({ cluster }: FaultContext, bulk: Bulk, problems: string[]): Promise<number> {
  const { ids } = bulk;
  const startedMs = performance.now();
  const last = ids.toSorted().at(-1) ?? "";
  await eventually(() => isStoredUpTo(cluster, last), "the backlog to be stored", DRAIN_TIMEOUT_MS);
  const ms = performance.now() - startedMs;
  const stored = await idsOf(cluster, bulk);
  const missing = ids.filter((id) => !stored.has(id));
  if (missing.length > 0) problems.push(`lost: ${missing.length} of the backlog, such as ${missing[0]}`);
  if (stored.size > ids.length)
    problems.push(`duplicated: ${stored.size} stored of ${ids.length} in the backlog`);
  // The next backlog is a conversation of its own, so that a read of it is no longer than of this one.
  bulk.peer = `${bulk.peer}x`;
  bulk.ids = [];
  return ms;
}

function idsOf(cluster: FaultContext["cluster"], { peer }: Bulk): Promise<ReadonlySet<string>> {
  return idsInConversation(cluster, conversationOf(SENDER, peer));
}

/** Reads history in every way, with several users, and with many requests of one user at once. */
async function readWhileSlow(
  { cluster, log }: FaultContext,
  peer: string,
  probe: HistoryProbe,
  phaseMs: number,
): Promise<void> {
  const stopping = new AbortController();
  const as = `as=${SENDER}`;
  const paths = [
    `/messages/${peer}?limit=100&${as}`,
    `/messages/${peer}?${as}`,
    `/sync?limit=200&${as}`,
    `/conversations?${as}`,
    "/messages?limit=50",
  ];
  const token = (name: string) => cluster.token(name, ["history:read"]);
  const crowd = await token("f25-crowd");
  const readers = Array.from({ length: READERS }, async (_, n) => {
    const own = [...paths.slice(n % paths.length), ...paths];
    await probe.run(own, await token(`f25-reader-${n}`), stopping.signal);
  });
  const burst = async () => {
    const all = Array.from({ length: BURST }, () => probe.request(paths[0] ?? "", crowd, stopping.signal));
    await Promise.all([...all, delay(phaseMs)]).finally(() => stopping.abort());
  };
  await Promise.all([burst(), ...readers]);
  log(`${probe.complete} answers and ${probe.refused} refusals so far`);
}

/** A store that manages small batches must store some messages. */
async function progressProblems({ cluster, log }: FaultContext, bulk: Bulk): Promise<string[]> {
  const { size } = await idsOf(cluster, bulk);
  log(`${size} messages were stored over the narrow link`);
  return size < MIN_PROGRESS ? [`stored nothing over a narrow link: ${size} messages`] : [];
}

function nameOf({ delayMs, bytesPerSecond }: Slowness): string {
  return bytesPerSecond === undefined
    ? `a delay of ${formatSeconds(delayMs)}`
    : `a link with ${bytesPerSecond} bytes a second`;
}
