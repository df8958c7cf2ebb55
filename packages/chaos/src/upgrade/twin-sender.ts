import { sleep } from "@parley/async";
import type { Cluster } from "../cluster/cluster.ts";
import type { Ledger } from "../workload/ledger.ts";
import { RawSender } from "../workload/raw-sender.ts";

const PAUSE_MS = 500;

/**
 * Sends each message through every gateway with the same ref, and at the same time unless a gateway is away. All acks
 * must have the same id (L5), whichever builds the gateways are.
 */
export class TwinSender {
  /** Number of messages that every gateway acknowledged. */
  sent = 0;
  readonly problems: string[] = [];
  readonly #senders: readonly RawSender[];
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  private constructor(senders: readonly RawSender[], ledger: Ledger, user: string) {
    this.#senders = senders;
    this.#running = this.#run(ledger, user);
  }

  /** Starts sending to the public room. */
  static async start({ urls, token: tokenOf }: Cluster, ledger: Ledger, user: string): Promise<TwinSender> {
    const token = await tokenOf(user);
    // Senders with the same name give the same refs.
    return new TwinSender(
      urls.map((url) => new RawSender([url], token, user)),
      ledger,
      user,
    );
  }

  /** Stops sending. Resolves once every gateway has answered the last message. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.close();
  }

  /** Gives up the last message. */
  close(): void {
    this.#stopping.abort();
    for (const sender of this.#senders) sender.close();
  }

  async #run(ledger: Ledger, user: string): Promise<void> {
    const { signal } = this.#stopping;
    for (let n = 0; !signal.aborted; n += 1) {
      const content = `${user}#${n}`;
      const send = ledger.addSend(user, user, "", content);
      try {
        const ids = await Promise.all(this.#senders.map((sender) => sender.send("", content)));
        send.outcome = { kind: "acked", id: ids[0] ?? "", atMs: performance.now() };
        if (new Set(ids).size > 1) this.problems.push(`L5: "${content}" has the ids ${ids.join(" and ")}`);
        this.sent += 1;
      } catch (error) {
        send.outcome = { kind: "failed", code: String(error), mayBeThere: true };
      }
      await sleep(PAUSE_MS, signal);
    }
  }
}
