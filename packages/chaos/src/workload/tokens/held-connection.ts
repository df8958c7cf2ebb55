import { sleep, until } from "@parley/async";
import type { Service } from "../../checker/revoked.ts";
import type { Ledger, Send } from "../ledger.ts";

const SEND_EVERY_MS = 1_000;
/** Frames that bring a user something (P65). */
const SERVICES = new Map([
  ["message", "a message"],
  ["edited", "an edit"],
  ["deleted", "a deletion"],
  ["ack", "an ack"],
  ["read", "a read mark"],
]);

interface Frame {
  readonly type: string;
  readonly id: string;
  readonly change?: string;
  readonly ref?: string;
}

export interface HeldConnectionOptions {
  readonly url: string;
  readonly token: string;
  readonly user: string;
  /** The user to whom it writes. */
  readonly to: string;
  /** Such as "gateway 0". */
  readonly process: string;
  readonly ledger: Ledger;
  readonly onService: (service: Service) => void;
}

/** One WebSocket that is opened once. It writes steadily, and tells everything that comes. */
export class HeldConnection {
  readonly process: string;
  /** The close code, once it is closed. A connection that is closing has none yet. */
  closeCode: number | undefined;
  readonly #options: HeldConnectionOptions;
  readonly #socket: WebSocket;
  readonly #sends = new Map<string, Send>();

  /** Resolves once the connection is open. A gateway may refuse it for a moment, and is asked again then. */
  static open(options: HeldConnectionOptions): Promise<HeldConnection> {
    const { user, process } = options;
    return until(async () => {
      const connection = new HeldConnection(options);
      await until(() => connection.isOpen || connection.isClosed, `an end of the handshake at ${process}`);
      return connection.isOpen ? connection : undefined;
    }, `a connection of ${user} to ${process}`);
  }

  private constructor(options: HeldConnectionOptions) {
    const { url, token, process } = options;
    this.process = process;
    this.#options = options;
    this.#socket = new WebSocket(url, ["chat.v1", `bearer.${token}`]);
    this.#socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)));
    this.#socket.onclose = ({ code }) => {
      this.closeCode = code;
    };
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** True once the end of the connection is known, with its code. */
  get isClosed(): boolean {
    return this.closeCode !== undefined;
  }

  /** Writes until `stop` is aborted. A message without an ack may be there or not (P65). */
  async run(stop: AbortSignal): Promise<void> {
    const { ledger, user, to, process } = this.#options;
    const client = `${user} at ${process}`;
    for (let n = 0; !stop.aborted; n += 1) {
      if (this.isOpen) {
        const send = ledger.addSend(client, user, to, `${client} #${n}`);
        const ref = `${client} ${n}`;
        this.#sends.set(ref, send);
        this.#socket.send(JSON.stringify({ to, content: send.content, ref }));
      }
      await sleep(SEND_EVERY_MS, stop);
    }
  }

  close(): void {
    this.#socket.close();
    for (const send of this.#sends.values())
      if (send.outcome.kind === "pending")
        send.outcome = { kind: "failed", code: "unanswered", mayBeThere: true };
  }

  #receive({ type, id, change, ref = "" }: Frame): void {
    const atMs = performance.now();
    const { process, onService } = this.#options;
    const send = this.#sends.get(ref);
    if (type === "ack" && send) send.outcome = { kind: "acked", id, atMs };
    const what = SERVICES.get(type);
    if (what !== undefined) onService({ process, what, atMs, id: change ?? id });
  }
}
