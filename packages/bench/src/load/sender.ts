import type { Connection, Hear } from "./socket/connection.ts";
import type { FrameKind } from "./socket/dialect.ts";
import { steadyMicros } from "./stamp.ts";

/** What a sender keeps under way by itself. */
export interface Stream {
  readonly to: string;
  readonly content: string;
  readonly window: number;
  /** Messages in all. */
  readonly limit: number;
}

const ANSWER_TIMEOUT_MS = 5_000;

/** One connection that sends and counts the answers. */
export class Sender {
  sent = 0;
  acked = 0;
  refused = 0;
  received = 0;
  /** Of the last answer, in µs of the steady clock. */
  answeredAt = 0;
  /** What its refs begin with: another process' sender for the same user must not send the same messages (P10). */
  readonly #name: string;
  #connection: Connection | undefined;
  #refs = 0;
  #stream: Stream | undefined;
  /** Who waits for the answer of a single message. */
  #answered: ((kind: FrameKind) => void) | undefined;
  #unsent: Buffer[] = [];
  #flushing = false;

  constructor(index: number) {
    this.#name = `${process.pid.toString(36)}-${index}-`;
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
    if (this.answers && kind !== "ack" && kind !== "error") return;
    this.answeredAt = steadyMicros();
    this.#answered?.(kind);
    if (this.#stream) this.#next(this.#stream);
  };

  get answers(): boolean {
    return this.#connection?.dialect.answers ?? true;
  }

  /** How many have been answered; where the server answers nothing, how many have come back as messages. */
  get settled(): number {
    return this.answers ? this.acked + this.refused : this.received;
  }

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

  /** Sends one message and resolves with how long its ack took, in µs. Rejects where it is refused or not answered. */
  async roundTrip(to: string, content: string): Promise<number> {
    const answer = Promise.withResolvers<FrameKind>();
    const overdue = setTimeout(
      () => answer.reject(new Error("a message was not answered")),
      ANSWER_TIMEOUT_MS,
    );
    this.#answered = answer.resolve;
    const startedAt = steadyMicros();
    this.send(to, content);
    this.flush();
    const kind = await answer.promise.finally(() => clearTimeout(overdue));
    if (kind === "error") throw new Error("a message was refused");
    return this.answeredAt - startedAt;
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
