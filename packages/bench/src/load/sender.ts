import type { Connection, Hear } from "./connection.ts";
import { steadyMicros } from "./stamp.ts";

/** What a sender keeps under way by itself. */
export interface Stream {
  readonly to: string;
  readonly content: string;
  readonly window: number;
  /** Messages in all. */
  readonly limit: number;
}

/** One connection that sends and counts the answers. */
export class Sender {
  sent = 0;
  acked = 0;
  refused = 0;
  received = 0;
  /** Of the last answer, in µs of the steady clock. */
  answeredAt = 0;
  readonly #name: string;
  #connection: Connection | undefined;
  #refs = 0;
  #stream: Stream | undefined;
  #unsent: Buffer[] = [];
  #flushing = false;

  constructor(index: number) {
    this.#name = `${index}-`;
  }

  use(connection: Connection): this {
    this.#connection = connection;
    return this;
  }

  /** Counts anew. Refs go on: one that came back would be the same message (P10). */
  begin(): void {
    this.sent = this.acked = this.refused = this.received = 0;
    this.answeredAt = steadyMicros();
  }

  readonly hear: Hear = (kind) => {
    if (kind === "message") this.received += 1;
    else if (kind === "ack") this.acked += 1;
    else if (kind === "error") this.refused += 1;
    if (kind !== "ack" && kind !== "error") return;
    this.answeredAt = steadyMicros();
    if (this.#stream) this.#next(this.#stream);
  };

  /** Gathers it for the next flush. */
  send(to: string, content: string): void {
    if (!this.#connection) return;
    this.#refs += 1;
    this.sent += 1;
    this.#unsent.push(this.#connection.frame(to, content, this.#name + this.#refs));
  }

  flush(): void {
    this.#flushing = false;
    if (this.#unsent.length > 0) this.#connection?.write(this.#unsent);
    this.#unsent = [];
  }

  keep(stream: Stream): void {
    this.#stream = stream;
    for (let n = 0; n < stream.window; n += 1) this.#next(stream);
  }

  rest(): void {
    this.#stream = undefined;
  }

  close(): void {
    this.#connection?.close();
  }

  /** What one chunk of answers asks for leaves in one write. */
  #next({ to, content, limit }: Stream): void {
    if (this.sent >= limit) return;
    this.send(to, content);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.flush());
  }
}
