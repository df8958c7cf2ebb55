import type { Message, ParleyClient } from "@parley/client";

/** The steps of a round, in order. */
export const STEPS = ["send", "hear", "read"] as const;
type Step = (typeof STEPS)[number];

/** The result of a round: the time of each step in ms, up to the first one that failed. */
export interface Round {
  readonly ms: Readonly<Partial<Record<Step, number>>>;
  /** The first step that failed, and why. Undefined if all succeeded. */
  readonly failure: { readonly step: Step; readonly reason: string } | undefined;
}

/** A user of the probe: a connected client and its name. */
export interface ProbeUser {
  readonly name: string;
  readonly client: Pick<ParleyClient, "send" | "history" | "messages">;
}

const CONTENT = "parley probe";
/** Enough for the messages that arrive while a round waits for one of them. */
const KEPT_IDS = 64;

/**
 * Two users who do what people do: one sends a message, the other hears it live and reads it in history. `send` is the
 * time to the ack, `hear` the time from sending to hearing, `read` the time of the request for history.
 */
export class Rounds {
  readonly #sender: ProbeUser;
  readonly #receiver: ProbeUser;
  readonly #timeoutMs: number;
  /** When the last messages were heard, by id. A message may be heard before its sender has the ack. */
  readonly #heard = new Map<string, number>();
  #onHeard: (id: string) => void = () => undefined;

  constructor(sender: ProbeUser, receiver: ProbeUser, timeoutMs: number) {
    this.#sender = sender;
    this.#receiver = receiver;
    this.#timeoutMs = timeoutMs;
    receiver.client.messages.subscribe((message) => this.#hear(message));
  }

  /** Runs one round. Rejects only when `signal` is aborted. */
  async run(signal: AbortSignal): Promise<Round> {
    const ms: Partial<Record<Step, number>> = {};
    let step: Step = "send";
    try {
      const startedAt = performance.now();
      const { id } = await this.#sender.client.send(this.#receiver.name, CONTENT, { signal });
      ms.send = performance.now() - startedAt;
      step = "hear";
      ms.hear = (await this.#hearing(id, signal)) - startedAt;
      step = "read";
      const readAt = performance.now();
      await this.#read(id, signal);
      ms.read = performance.now() - readAt;
      return { ms, failure: undefined };
    } catch (error) {
      if (signal.aborted) throw error;
      return { ms, failure: { step, reason: error instanceof Error ? error.message : String(error) } };
    }
  }

  #hear({ id, from }: Message): void {
    if (from !== this.#sender.name) return;
    this.#heard.set(id, performance.now());
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > KEPT_IDS && oldest !== undefined) this.#heard.delete(oldest);
    this.#onHeard(id);
  }

  /** Resolves with the time at which the receiver heard the message. */
  #hearing(id: string, signal: AbortSignal): Promise<number> {
    const heardAt = this.#heard.get(id);
    if (heardAt !== undefined) return Promise.resolve(heardAt);
    return new Promise((resolve, reject) => {
      const late = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
      late.addEventListener("abort", () => {
        reject(new Error(`the message was not heard within ${this.#timeoutMs / 1_000} s`));
      });
      this.#onHeard = (heard) => {
        if (heard === id) resolve(performance.now());
      };
    });
  }

  async #read(id: string, signal: AbortSignal): Promise<void> {
    const late = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    const { messages } = await this.#receiver.client.history(this.#sender.name, { limit: 100, signal: late });
    if (!messages.some((message) => message.id === id)) throw new Error("history lacks the message");
  }
}
