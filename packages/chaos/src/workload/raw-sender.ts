import { setTimeout as delay } from "node:timers/promises";

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

const RECONNECT_MS = 200;
const RESEND_MS = 500;
/** Below the number at which a gateway pauses reading (MAX_UNANSWERED). */
const MAX_UNACKED = 100;

/**
 * A client of the bare protocol, without the SDK: sends messages, and sends each again with the same ref until it has an
 * ack (P31). The rest of docs/protocol.md is left out.
 */
export class RawSender {
  readonly #urls: readonly string[];
  readonly #token: string;
  readonly #name: string;
  readonly #unacked = new Map<string, Unacked>();
  readonly #stopping = new AbortController();
  #socket: WebSocket | undefined;
  #sent = 0;
  #turn = 0;

  /** `name` is the prefix of the refs. `urls` are the gateways, used in turn. */
  constructor(urls: readonly string[], token: string, name: string) {
    this.#urls = urls;
    this.#token = token;
    this.#name = name;
    this.#connect();
  }

  /** Sends a message and resolves with its id once it is acknowledged. Rejects if it is refused for good. */
  send(to: string, content: string): Promise<string> {
    const ref = `${this.#name}-${this.#sent++}`;
    const frame = JSON.stringify({ ...(to !== "" && { to }), content, ref });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#unacked.set(ref, { frame, resolve, reject });
    this.#transmit(frame);
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
    this.#socket?.close();
    for (const { reject } of this.#unacked.values()) reject(new Error("the sender was closed"));
    this.#unacked.clear();
  }

  #connect(): void {
    const url = this.#urls[this.#turn++ % this.#urls.length] ?? "";
    const socket = new WebSocket(url, ["chat.v1", `bearer.${this.#token}`]);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)));
    // In Node 22 a failed connection has only an error, and no close.
    socket.onerror = () => this.#reconnect(socket);
    socket.onclose = () => this.#reconnect(socket);
  }

  #reconnect(socket: WebSocket): void {
    if (this.#socket !== socket || this.#stopping.signal.aborted) return;
    this.#socket = undefined;
    void this.#after(RECONNECT_MS, () => this.#connect());
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "ready") for (const { frame: text } of this.#unacked.values()) this.#transmit(text);
    const unacked = frame.ref === undefined ? undefined : this.#unacked.get(frame.ref);
    if (frame.ref === undefined || !unacked) return;
    if (frame.type === "error" && frame.temporary) {
      void this.#after(RESEND_MS, () => {
        if (this.#unacked.has(frame.ref ?? "")) this.#transmit(unacked.frame);
      });
    } else if (frame.type === "ack" || frame.type === "error") {
      this.#unacked.delete(frame.ref);
      if (frame.id !== undefined) unacked.resolve(frame.id);
      else unacked.reject(new Error(`a message was refused: ${frame.code}`));
    }
  }

  #transmit(frame: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  async #after(ms: number, run: () => void): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).then(run, () => undefined);
  }
}
