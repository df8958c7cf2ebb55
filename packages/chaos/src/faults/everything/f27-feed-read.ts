import { inBackground, sleep } from "@parley/async";
import { killAndRestart, targetsOf } from "../../cluster/targets.ts";
import { eventually } from "../../eventually.ts";
import { formatSeconds } from "../../report/format.ts";
import { FeedConsumer } from "../../workload/feed-consumer.ts";
import { MessageChanger } from "../../workload/message-changer.ts";
import { RawSender } from "../../workload/raw-sender.ts";
import type { Fault, FaultContext } from "../fault.ts";

const SENDER = "f27-sender";
/** The number of entries in a page of each consumer. */
const LIMITS = [500, 50, 17];
const ROUNDS = { full: 3, short: 1 };
const CHANGE_PAUSE_MS = 300;
/** The last consumer begins late, and asks for more than a hundred small pages of a slow store. */
const CAUGHT_UP_WITHIN_MS = 120_000;

/**
 * Kills every process in turn while three consumers read the feed (P63). The first begins before the kills, the others
 * during them, all at the beginning of the feed. Each must get the same sequence: everything, in order, once.
 */
export const feedRead: Fault = {
  id: "F27",
  title: "the feed is read while every process is killed in turn",
  // The trial has its own cluster, because every consumer reads all messages of it.
  clusterOptions: {},
  ratePerSecond: 12,
  async inject(context) {
    const { cluster, workload, short, log } = context;
    const [reading, changing] = [new AbortController(), new AbortController()];
    const changes = inBackground(changeMessages(context, changing.signal));
    const consumers: FeedConsumer[] = [];
    const running: Promise<void>[] = [];
    const addConsumer = async () => {
      const token = await cluster.token("f27-service", ["history:all"]);
      const consumer = new FeedConsumer(cluster.historyApi.app.url, token, LIMITS[consumers.length] ?? 100);
      consumers.push(consumer);
      running.push(inBackground(consumer.run(reading.signal)));
    };
    try {
      const targets = targetsOf(cluster);
      const rounds = Array.from({ length: short ? ROUNDS.short : ROUNDS.full }, () => targets).flat();
      await addConsumer();
      for (const [n, target] of rounds.entries()) {
        if (n === Math.floor(rounds.length / 3) || n === Math.floor((2 * rounds.length) / 3))
          await addConsumer();
        log(`SIGKILL ${target.name}`);
        await killAndRestart(target);
      }
      const recoveryMs = await workload.untilRecovered(performance.now());
      changing.abort();
      const own = await changes;
      const acked = workload.ledger.acked.map(({ outcome }) => (outcome.kind === "acked" ? outcome.id : ""));
      const expected = [...acked.map((id) => `message ${id}`), ...own];
      const end =
        expected
          .map((entry) => idOf(entry))
          .toSorted()
          .at(-1) ?? "";
      const caughtUp = () => consumers.every(({ cursor }) => cursor >= end);
      const late = await eventually(caughtUp, "all consumers to reach the end", CAUGHT_UP_WITHIN_MS).then(
        () => [],
        () => ["a consumer of the feed didn't reach its end"],
      );
      return {
        ownSender: SENDER,
        struck: rounds.length,
        unit: "processes killed",
        recoveryMs,
        details: `${expected.filter((entry) => !entry.startsWith("message")).length} changes; ${consumers[0]?.entries.length} entries, ${consumers.reduce((sum, { refusals }) => sum + refusals, 0)} requests repeated; recovered within ${formatSeconds(recoveryMs)}`,
        problems: [...late, ...sequenceProblems(consumers, expected, end)],
      };
    } finally {
      changing.abort();
      reading.abort();
      await Promise.all(running);
    }
  },
};

/** Sends messages, edits each and deletes every second one until the signal is aborted. Resolves with the entries. */
async function changeMessages({ cluster }: FaultContext, stop: AbortSignal): Promise<string[]> {
  const token = await cluster.token(SENDER);
  const sender = new RawSender(cluster.urls, token, SENDER);
  const changer = new MessageChanger(cluster.historyApi, token);
  const entries: string[] = [];
  const add = (type: string, id: string | undefined) => {
    if (id !== undefined) entries.push(`${type} ${id}`);
  };
  try {
    for (let n = 0; !stop.aborted; n += 1) {
      const id = await sender.send("f27-peer", `F27 own ${n}`);
      add("message", id);
      add("edited", await changer.edit(id, `F27 edited ${n}`, `f27-edit-${n}`, stop));
      if (n % 2 === 1) add("deleted", await changer.remove(id, `f27-delete-${n}`, stop));
      await sleep(CHANGE_PAUSE_MS, stop);
    }
  } finally {
    sender.close();
  }
  return entries;
}

/** Compares the sequences up to `end`: with each other, with their order, and with what was acknowledged. */
function sequenceProblems(
  consumers: readonly FeedConsumer[],
  expected: readonly string[],
  end: string,
): string[] {
  const sequences = consumers.map(({ entries }) => entries.filter((entry) => idOf(entry) <= end));
  return sequences.flatMap((entries, n) => {
    const ids = entries.map(idOf);
    const has = new Set(entries);
    const lacked = expected.filter((entry) => !has.has(entry));
    const isInOrder = ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? ""));
    const isSame = entries.join() === sequences[0]?.join();
    return [
      ...(lacked.length === 0
        ? []
        : [`P63: consumer ${n} lacked ${lacked.length} entries, such as ${lacked[0]}`]),
      ...(isInOrder ? [] : [`P63: consumer ${n} got entries twice or out of order`]),
      ...(isSame ? [] : [`P63: consumer ${n} got another sequence than the first one`]),
    ];
  });
}

function idOf(entry: string): string {
  return entry.split(" ")[1] ?? "";
}
