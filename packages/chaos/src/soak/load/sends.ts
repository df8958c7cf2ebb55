import { conversationOf } from "@parley/models";
import type { Findings } from "../../checker/findings.ts";
import type { DeliveryCheck } from "../checks/delivery-check.ts";
import type { StorageCheck } from "../checks/storage-check.ts";

export interface Send {
  readonly from: string;
  readonly to: string;
  readonly content: string;
  readonly ref: string;
}

interface Pending {
  readonly send: Send;
  readonly sentAt: number;
  /** Number of acks that are still missing: one for each copy of the message that was sent. */
  acksLeft: number;
  /** Id in the first ack. */
  id?: string;
}

export interface SendsDeps {
  readonly findings: Findings;
  readonly deliveries: DeliveryCheck;
  readonly storage: StorageCheck;
  /** Called with the reason when a message gets no ack. */
  readonly onFailed: (reason: string) => void;
}

/** A message without an ack after this time is counted as failed. */
const ACK_TIMEOUT_MS = 5_000;

/** The messages of a run, and the answers to them. */
export class Sends {
  readonly #deps: SendsDeps;
  readonly #pending = new Map<string, Pending>();
  /** Id of the newest acknowledged message of each conversation (see `conversationOf`). */
  readonly #newest = new Map<string, string>();
  sent = 0;
  acked = 0;

  constructor(deps: SendsDeps) {
    this.#deps = deps;
  }

  /** Number of messages without an answer. */
  get unanswered(): number {
    return this.#pending.size;
  }

  /** Creates a message with a content and a ref that no other message has. It will be sent `copies` times. */
  create(from: string, to: string, copies: number): Send {
    const number = String(this.sent++);
    const send = { from, to, content: `soak ${number}: is this one still kept, and only once?`, ref: number };
    this.#pending.set(send.ref, { send, sentAt: performance.now(), acksLeft: copies });
    return send;
  }

  acknowledge(ref: string, id: string): void {
    const { findings, deliveries, storage } = this.#deps;
    const pending = this.#pending.get(ref);
    if (!pending) return;
    const { send, id: first } = pending;
    if (first === undefined) {
      pending.id = id;
      this.acked += 1;
      deliveries.expect([send.from, send.to], id);
      storage.expect(id, send.content);
      const conversation = conversationOf(send.from, send.to);
      if (id > (this.#newest.get(conversation) ?? "")) this.#newest.set(conversation, id);
    } else if (first !== id)
      findings.add("duplicated", `"${send.content}" was acknowledged as ${first} and as ${id}`);
    pending.acksLeft -= 1;
    if (pending.acksLeft === 0) this.#pending.delete(ref);
  }

  /** Records an error of a gateway. */
  refuse(ref: string | undefined, code: string): void {
    if (ref !== undefined) this.#pending.delete(ref);
    this.#deps.onFailed(`send: ${code}`);
  }

  /** Counts the messages as failed that got no ack in time. */
  expire(): void {
    const now = performance.now();
    for (const [ref, { sentAt }] of this.#pending) {
      if (now - sentAt < ACK_TIMEOUT_MS) continue;
      this.#pending.delete(ref);
      this.#deps.onFailed("send: no ack in time");
    }
  }

  /** Id of the newest message that was acknowledged between two users. */
  newest(one: string, other: string): string | undefined {
    return this.#newest.get(conversationOf(one, other));
  }
}
