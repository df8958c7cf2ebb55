import { setTimeout as delay } from "node:timers/promises";
import { BareConnection } from "./bare-connection.ts";

/** An unanswered message. */
interface Unacked {
  readonly frame: string;
  readonly resolve: (id: string) => void;
  readonly reject: (error: Error) => void;
}

/** The fields of the frames that this client uses. */
interface ServerFrame {
  readonly type: string;
  readonly ref?: string;
  readonly id?: string;
  readonly code?: string;
  readonly temporary?: boolean;
}

const RESEND_MS = 500;
/** Below the number at which a gateway pauses reading (MAX_UNANSWERED). */
const MAX_UNACKED = 100;

/**
 * A client of the bare protocol that sends messages, and sends each again with the same ref until it has an ack (P31).
 */
export class RawSender {
  readonly #name: string;
  readonly #unacked = new Map<string, Unacked>();
  readonly #stopping = new AbortController();
  readonly #connection: BareConnection<ServerFrame>;
  #sent = 0;

  /** `name` is the prefix of the refs. `urls` are the gateways, used in turn. */
  constructor(urls: readonly string[], token: string, name: string) {
    this.#name = name;
    this.#connection = new BareConnection({ urls, token, onFrame: (frame) => this.#receive(frame) });
  }

  /** Sends a message and resolves with its id once it is acknowledged. Rejects if it is refused for good. */
  send(to: string, content: string): Promise<string> {
    const ref = `${this.#name}-${this.#sent++}`;
    const frame = JSON.stringify({ ...(to !== "" && { to }), content, ref });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#unacked.set(ref, { frame, resolve, reject });
    this.#connection.send(frame);
    return promise;
  }

  /** Sends the contents, a limited number at a time, and resolves with their ids. */
  async sendAll(to: string, contents: readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    const left = contents.entries();
    const sendNext = async (): Promise<void> => {
      for (const [index, content] of left) ids[index] = await this.send(to, content);
    };
    await Promise.all(Array.from({ length: MAX_UNACKED }, sendNext));
    return ids;
  }

  close(): void {
    this.#stopping.abort();
    this.#connection.close();
    for (const { reject } of this.#unacked.values()) reject(new Error("the sender was closed"));
    this.#unacked.clear();
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "ready")
      for (const { frame: text } of this.#unacked.values()) this.#connection.send(text);
    const unacked = frame.ref === undefined ? undefined : this.#unacked.get(frame.ref);
    if (frame.ref === undefined || !unacked) return;
    if (frame.type === "error" && frame.temporary) {
      void this.#after(RESEND_MS, () => {
        if (this.#unacked.has(frame.ref ?? "")) this.#connection.send(unacked.frame);
      });
    } else if (frame.type === "ack" || frame.type === "error") {
      this.#unacked.delete(frame.ref);
      if (frame.id !== undefined) unacked.resolve(frame.id);
      else unacked.reject(new Error(`a message was refused: ${frame.code}`));
    }
  }

  async #after(ms: number, run: () => void): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).then(run, () => undefined);
  }
}
