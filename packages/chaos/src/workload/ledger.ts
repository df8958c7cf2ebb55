import type { Message } from "@parley/client";

/** The outcome of one send, as its sender knows it. */
export type Outcome =
  | { readonly kind: "pending" }
  | { readonly kind: "acked"; readonly id: string; readonly atMs: number }
  /** `mayBeThere`: the error told the sender that the message may have been stored anyway. */
  | { readonly kind: "failed"; readonly code: string; readonly mayBeThere: boolean };

/** One send. Its content is unique within the run. */
export interface Send {
  readonly client: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
  /** Position in the order of the calls over the whole run, from 0. */
  readonly number: number;
  outcome: Outcome;
}

/** The messages that one connected client has seen, in the order in which it saw them. */
export interface Observation {
  readonly client: string;
  readonly user: string;
  /** The client must see every message meant for it after this id. */
  since: string;
  /** The client must see no message after this id. Without it the client sees every later message. */
  until?: string;
  readonly seen: Message[];
}

/** Records everything that the clients of a run know. Only the workload writes it; it stays in memory. */
export class Ledger {
  readonly sends: Send[] = [];
  readonly observations: Observation[] = [];

  /** Adds a pending send. */
  addSend(client: string, from: string, to: string, content: string): Send {
    const send: Send = {
      client,
      from,
      to,
      content,
      number: this.sends.length,
      outcome: { kind: "pending" },
    };
    this.sends.push(send);
    return send;
  }

  /** Adds a client that has seen nothing yet. */
  addObserver(client: string, user: string): Observation {
    const observation: Observation = { client, user, since: "", seen: [] };
    this.observations.push(observation);
    return observation;
  }

  /** An id that is smaller than the ids of all messages of this run. */
  get startId(): string {
    return this.observations.map(({ since }) => since).toSorted()[0] ?? "";
  }

  get acked(): Send[] {
    return this.sends.filter(({ outcome }) => outcome.kind === "acked");
  }

  /** Returns every conversation with a send, once: both users of a private one, or `["", ""]` for the public room. */
  conversations(): [string, string][] {
    const pairs = this.sends.map(({ from, to }) => (to === "" ? ["", ""] : [from, to].toSorted()));
    return [...new Map(pairs.map((pair) => [pair.join(":"), pair as [string, string]])).values()];
  }
}
