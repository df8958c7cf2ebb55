import { sleep } from "@parley/async";
import type { Cluster } from "../cluster/cluster.ts";
import type { Change, Ledger, Outcome, Send } from "./ledger.ts";

/** Mean time between two changes. */
const PAUSE_MS = 500;
const RETRY_MS = 200;
/** A request without an answer is given up, and repeated with its ref. Longer than history-api's own limit (P55). */
const TIMEOUT_MS = 12_000;
/** The same as for a message: less than half the dedupe window. */
const DEADLINE_MS = 150_000;
/** Only the newest messages are changed, so that a change often meets a message that isn't stored yet. */
const NEWEST = 50;
/** Shares of all changes. */
const DELETIONS = 0.2;
const REPEATED = 0.2;

/** An answer to a request for a change. */
interface Answer {
  readonly status: number;
  /** The change's own id. */
  readonly id?: string;
  readonly code?: string;
}

/**
 * Edits and deletes messages of the workload through every history-api, each as its sender (P73). Repeats each request
 * with its ref until it is answered, and some that were answered: those must get the same id.
 */
export class Changer {
  readonly problems: string[] = [];
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #turn = 0;

  constructor(cluster: Cluster, ledger: Ledger, random: () => number) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Starts to change messages at random, one after the other. */
  start(): void {
    this.#running = this.#run();
  }

  /** Stops. Resolves once every change has its outcome. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Changes a message that was acknowledged. Resolves with the change once it has its outcome. */
  async change(kind: Change["kind"], send: Send): Promise<Change> {
    const change = this.#ledger.addChange(kind, send);
    change.outcome = await this.#untilAnswered(change);
    return change;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(2 * this.#random() * PAUSE_MS, signal);
      const newest = this.#ledger.acked.slice(-NEWEST);
      const send = newest[Math.floor(this.#random() * newest.length)];
      if (signal.aborted || !send) continue;
      const change = await this.change(this.#random() < DELETIONS ? "delete" : "edit", send);
      if (this.#random() < REPEATED) await this.#repeat(change);
    }
  }

  /** Requests a change again that was acknowledged. */
  async #repeat(change: Change): Promise<void> {
    const { outcome, ref } = change;
    if (outcome.kind !== "acked") return;
    const again = await this.#untilAnswered(change);
    if (again.kind !== "acked") this.problems.push(`L5: ${ref} was acknowledged, and its repetition wasn't`);
    else if (again.id !== outcome.id)
      this.problems.push(`L5: ${ref} has the ids ${outcome.id} and ${again.id}`);
  }

  async #untilAnswered(change: Change): Promise<Outcome> {
    const endMs = performance.now() + DEADLINE_MS;
    let mayBeThere = false;
    while (performance.now() < endMs) {
      const answer = await this.#request(change).catch(() => undefined);
      if (answer?.id !== undefined) return { kind: "acked", id: answer.id, atMs: performance.now() };
      const isFinal = answer !== undefined && answer.status < 500 && answer.status !== 429;
      if (isFinal) return { kind: "failed", code: answer.code ?? String(answer.status), mayBeThere };
      mayBeThere = true;
      await sleep(RETRY_MS);
    }
    return { kind: "failed", code: "unanswered", mayBeThere };
  }

  async #request({ kind, send: { from }, id, content, ref }: Change): Promise<Answer> {
    const { historyApis, token } = this.#cluster;
    const { app } = historyApis[this.#turn++ % historyApis.length] ?? this.#cluster.historyApi;
    const isEdit = kind === "edit";
    const response = await fetch(`${app.url}/message/${id}${isEdit ? "" : `?ref=${ref}`}`, {
      method: isEdit ? "PATCH" : "DELETE",
      headers: {
        authorization: `Bearer ${await token(from)}`,
        ...(isEdit && { "content-type": "application/json" }),
      },
      ...(isEdit && { body: JSON.stringify({ content, ref }) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { status } = response;
    const { id: changeId, code } = (await response.json()) as Omit<Answer, "status">;
    return { status, ...(response.ok && changeId !== undefined && { id: changeId }), ...(code && { code }) };
  }
}
