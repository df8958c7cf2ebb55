import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../eventually.ts";
import { ChangeReader } from "./change-reader.ts";
import { Changer } from "./changer.ts";
import type { Change, Ledger } from "./ledger.ts";

/**
 * Changes messages of the workload, and observes changes: with one client at each gateway from the start, and in the end
 * with one that was away all the time and gets everything from `/sync` (P75).
 */
export class ChangeWorkload {
  readonly changer: Changer;
  readonly #cluster: Cluster;
  readonly #ledger: Ledger;
  readonly #readers: ChangeReader[] = [];

  /** `random` chooses the messages. */
  constructor(cluster: Cluster, ledger: Ledger, random: () => number) {
    this.#cluster = cluster;
    this.#ledger = ledger;
    this.changer = new Changer(cluster, ledger, random);
  }

  /** Violations that the clients noticed. A run in which nothing was changed shows nothing. */
  get problems(): readonly string[] {
    const isVacuous = this.#readers.length > 0 && this.#ledger.changes.every(isRefused);
    return [...this.changer.problems, ...(isVacuous ? ["no change was acknowledged"] : [])];
  }

  /** Connects the clients, as users of the workload, and starts to change messages. */
  async start(): Promise<void> {
    const users = this.#ledger.observations.map(({ user }) => user);
    const observed = this.#cluster.urls.map((_, n) => {
      const each = this.#ledger.addChangeObserver(`${users[n]} with changes`, users[n] ?? "");
      this.#readers.push(new ChangeReader(this.#cluster, each, n));
      return each;
    });
    const areReady = () => observed.every(({ observation }) => observation.since !== "");
    await eventually(areReady, "the clients that observe changes to be ready");
    this.changer.start();
  }

  /** Stops changing messages. Resolves once every change has its outcome, and the last client is on its way. */
  async stop(): Promise<void> {
    await this.changer.stop();
    const { observations, startId } = this.#ledger;
    if (this.#readers.length === 0) return;
    const user = observations[0]?.user ?? "";
    const late = this.#ledger.addChangeObserver(`${user} who was away`, user, startId);
    this.#readers.push(new ChangeReader(this.#cluster, late, 0));
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}

function isRefused({ outcome }: Change): boolean {
  return outcome.kind !== "acked";
}
