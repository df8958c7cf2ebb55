import { sleep } from "@parley/async";
import type { Message } from "@parley/client";
import type { Cluster, ClusterApp } from "../cluster/cluster.ts";
import type { Change, Ledger, Outcome } from "./ledger.ts";

/** Minimum pause between reads. The pause is at least twice the time of the last answer, to spare a slow store. */
const MIN_PAUSE_MS = 1_000;
const TIMEOUT_MS = 20_000;
/** Time within which the first byte of each answer must arrive (P55): the server's own limit, and two seconds. */
export const ANSWER_LIMIT_MS = 12_000;

/**
 * Reads the whole public room repeatedly during a fault, from each history-api in turn. Each answer must contain everything that was acknowledged
 * before the request, in order (P56). Errors are allowed.
 */
export class HistoryReader {
  answers = 0;
  refusals = 0;
  /** Requests that had no answer within `ANSWER_LIMIT_MS`, although history-api accepted them. */
  unanswered = 0;
  /** Acknowledged ids of messages and changes that an answer lacked, and ids that an answer contained twice or out of order. */
  readonly missing = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(cluster: Cluster, ledger: Ledger) {
    this.#running = this.#run(cluster, ledger);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(cluster: Cluster, ledger: Ledger): Promise<void> {
    const { signal } = this.#stopping;
    const { historyApis } = cluster;
    for (let turn = 0; !signal.aborted; turn += 1) {
      const expected = ledger.acked
        .filter(({ to }) => to === "")
        .flatMap(({ outcome }) => idOf(outcome) ?? []);
      const changes = ledger.changes.filter(({ outcome }) => outcome.kind === "acked");
      const requestedMs = performance.now();
      let answeredMs = Number.POSITIVE_INFINITY;
      const onAnswer = (): void => {
        answeredMs = performance.now();
      };
      const api = historyApis[turn % historyApis.length];
      const messages = await readHistory(cluster, "reader", "/messages", { onAnswer, api }).catch(
        () => undefined,
      );
      // A request that failed earlier had no connection: history-api was being restarted.
      if (Math.min(answeredMs, performance.now()) - requestedMs > ANSWER_LIMIT_MS) this.unanswered += 1;
      if (messages === undefined) this.refusals += 1;
      else this.#compare(expected, changes, messages);
      const pauseMs = Math.max(MIN_PAUSE_MS, 2 * (performance.now() - requestedMs));
      await sleep(pauseMs, signal);
    }
  }

  #compare(expected: readonly string[], changes: readonly Change[], messages: readonly Message[]): void {
    this.answers += 1;
    const ids = messages.map(({ id }) => id);
    const answered = new Map(messages.map((message) => [message.id, message]));
    for (const id of expected) if (!answered.has(id)) this.missing.add(id);
    for (const { kind, id, outcome } of changes) {
      const message = answered.get(id);
      const change = idOf(outcome) ?? "";
      const hasEdit = kind === "edit" && (message?.change ?? "") >= change;
      if (message && !message.deleted && !hasEdit) this.missing.add(change);
    }
    ids.forEach((id, n) => {
      if (n > 0 && id <= (ids[n - 1] ?? "")) this.missing.add(id);
    });
  }
}

function idOf(outcome: Outcome): string | undefined {
  return outcome.kind === "acked" ? outcome.id : undefined;
}

/**
 * Reads messages from a history-api, by default from the first one. Rejects unless the answer is complete. `onAnswer`
 * is called when the answer begins.
 */
export async function readHistory(
  cluster: Cluster,
  user: string,
  path: string,
  options: { readonly api?: ClusterApp | undefined; readonly onAnswer?: () => void } = {},
): Promise<Message[]> {
  const { api = cluster.historyApi, onAnswer } = options;
  const response = await fetch(api.app.url + path, {
    headers: { authorization: `Bearer ${await cluster.token(user)}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  onAnswer?.();
  if (!response.ok) throw new Error(`history-api answered ${path} with status ${response.status}`);
  return (await response.json()) as Message[];
}
