import type { Connection, FrameListener } from "./socket/connection.ts";
import type { FrameKind } from "./socket/dialect.ts";
import { steadyMicros } from "./stamp.ts";

/** A closed loop of messages: on each answer, the sender sends the next message. */
export interface Pipeline {
  readonly to: string;
  readonly content: string;
  /** Number of messages in flight. */
  readonly window: number;
  /** Total number of messages. */
  readonly limit: number;
}

const ANSWER_TIMEOUT_MS = 5_000;

/** One connection that sends messages and counts the answers. */
export class Sender {
  sent = 0;
  acked = 0;
  refused = 0;
  received = 0;
  /** Time of the last answer, in µs of the steady clock. */
  answeredAt = 0;
  /**
   * Prefix of this sender's refs, unique among processes and senders. Another process may send as the same user, and
   * the server treats a message with a repeated ref as a retry (P10).
   */
  readonly #refPrefix: string;
  #connection: Connection | undefined;
  #refs = 0;
  #pipeline: Pipeline | undefined;
  /** Resolves the pending `roundTrip`. */
  #onAnswer: ((kind: FrameKind) => void) | undefined;
  #unsent: Buffer[] = [];
  #isFlushScheduled = false;

  constructor(index: number) {
    this.#refPrefix = `${process.pid.toString(36)}-${index}-`;
  }

  attach(connection: Connection): this {
    this.#connection = connection;
    return this;
  }

  /**
   * Resets the counts. Refs aren't reset, because the server treats a message with a repeated ref as a retry (P10).
   */
  resetCounts(): void {
    this.sent = this.acked = this.refused = this.received = 0;
    this.answeredAt = steadyMicros();
  }

  readonly onFrame: FrameListener = (kind) => {
    if (kind === "message") this.received += 1;
    else if (kind === "ack") this.acked += 1;
    else if (kind === "error") this.refused += 1;
    if (this.acknowledges && kind !== "ack" && kind !== "error") return;
    this.answeredAt = steadyMicros();
    this.#onAnswer?.(kind);
    if (this.#pipeline) this.#sendNext(this.#pipeline);
  };

  /** True if the server answers each message. */
  get acknowledges(): boolean {
    return this.#connection?.dialect.acknowledges ?? true;
  }

  /** Number of answered messages. If the server doesn't answer messages, the number of received messages. */
  get settled(): number {
    return this.acknowledges ? this.acked + this.refused : this.received;
  }

  /** Queues a message for the next flush. */
  send(to: string, content: string): void {
    if (!this.#connection) return;
    this.#refs += 1;
    this.sent += 1;
    this.#unsent.push(this.#connection.frame(to, content, this.#refPrefix + this.#refs));
  }

  /** Writes all queued messages at once. */
  flush(): void {
    this.#isFlushScheduled = false;
    if (this.#unsent.length > 0) this.#connection?.write(this.#unsent);
    this.#unsent = [];
  }

  startPipeline(pipeline: Pipeline): void {
    this.#pipeline = pipeline;
    for (let n = 0; n < pipeline.window; n += 1) this.#sendNext(pipeline);
  }

  stopPipeline(): void {
    this.#pipeline = undefined;
  }

  /** Sends one message and resolves with the time until its ack, in µs. Rejects if it is refused or not answered. */
  async roundTrip(to: string, content: string): Promise<number> {
    const answer = Promise.withResolvers<FrameKind>();
    const overdue = setTimeout(
      () => answer.reject(new Error(`a message was not answered within ${ANSWER_TIMEOUT_MS} ms`)),
      ANSWER_TIMEOUT_MS,
    );
    this.#onAnswer = answer.resolve;
    const startedAt = steadyMicros();
    this.send(to, content);
    this.flush();
    const kind = await answer.promise.finally(() => clearTimeout(overdue));
    if (kind === "error") throw new Error("a message was refused");
    return this.answeredAt - startedAt;
  }

  /** Sends one message. If one chunk of data contains several answers, their next messages leave in one write. */
  #sendNext({ to, content, limit }: Pipeline): void {
    if (this.sent >= limit) return;
    this.send(to, content);
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => this.flush());
  }
}
