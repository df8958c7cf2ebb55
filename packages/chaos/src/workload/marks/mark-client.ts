import { sleep } from "@parley/async";
import { GreatestMarks, type ReadMarkModel } from "../../checker/read-marks.ts";
import { BareConnection } from "../bare-connection.ts";
import { type Asker, askConversations } from "./ask-conversations.ts";

/** A mark that wasn't heard is sent again after this time. */
const RESEND_MS = 2_000;
/** The longest wait between a `marks` frame and the request that it asks for. */
const ASK_WITHIN_MS = 500;

type Frame =
  | { readonly type: "read"; readonly by: string; readonly with: string; readonly id: string }
  | { readonly type: "marks" | "ready" };

export interface MarkClientOptions extends Asker {
  readonly urls: readonly string[];
  /** The number of the gateway to which it connects first. */
  readonly turn: number;
  readonly model: ReadMarkModel;
}

/**
 * A connection that follows P70: keeps the greatest id of each mark, sends its own marks again until it has heard them, and
 * requests `/conversations` when marks may have been missed.
 */
export class MarkClient {
  /** Marks that were sent again. */
  resent = 0;
  readonly #options: MarkClientOptions;
  readonly #connection: BareConnection<Frame>;
  readonly #known = new GreatestMarks();
  /** The greatest id that was marked, by the other user. */
  readonly #wanted = new Map<string, string>();
  readonly #stopping = new AbortController();
  readonly #resending: Promise<void>;

  constructor(options: MarkClientOptions) {
    const { urls, token, turn } = options;
    this.#options = options;
    this.#connection = new BareConnection({ urls, token, turn, onFrame: (frame) => this.#receive(frame) });
    this.#resending = this.#resend(this.#stopping.signal);
  }

  /** Returns the greatest id that this client was told of a mark. */
  known(by: string, other: string): string {
    return this.#known.of(by, other);
  }

  mark(other: string, id: string): void {
    const { user, model } = this.#options;
    model.noteSent(user, other, id);
    if (id > (this.#wanted.get(other) ?? "")) this.#wanted.set(other, id);
    this.#send(other, id);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#connection.close();
    await this.#resending;
  }

  #send(other: string, id: string): void {
    this.#connection.send(JSON.stringify({ type: "read", with: other, id }));
  }

  async #resend(stop: AbortSignal): Promise<void> {
    for (await sleep(RESEND_MS, stop); !stop.aborted; await sleep(RESEND_MS, stop)) {
      for (const [other, id] of this.#wanted) {
        if (this.known(this.#options.user, other) >= id) continue;
        this.#send(other, id);
        this.resent += 1;
      }
    }
  }

  #receive(frame: Frame): void {
    if (frame.type === "read") {
      this.#known.raise(frame.by, frame.with, frame.id);
      this.#options.model.noteHeard(this.#options.user, frame);
    } else if (frame.type === "marks") void this.#ask(this.#stopping.signal);
  }

  async #ask(stop: AbortSignal): Promise<void> {
    const { user, model } = this.#options;
    await sleep(Math.random() * ASK_WITHIN_MS, stop);
    for (const { with: other, read, readBy } of (await askConversations(this.#options, model, stop)) ?? []) {
      this.#known.raise(user, other, read ?? "");
      this.#known.raise(other, user, readBy ?? "");
    }
  }
}
