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

/** An edit or a deletion of a message, by its sender (P73). Of an acknowledged one, the outcome has its own id. */
export interface Change {
  readonly kind: "edit" | "delete";
  /** The message that is changed. */
  readonly send: Send;
  /** The message's id. */
  readonly id: string;
  /** The new content: unique within the run, and "" for a deletion. */
  readonly content: string;
  readonly ref: string;
  outcome: Outcome;
}

/** The state of a message, as one client shows it. */
export interface Shown {
  readonly content: string;
  /** The id of the last change that counts. */
  readonly change: string;
  readonly deleted: boolean;
}

/** The changes that one client has seen, with all that it shows. */
export interface ChangeObservation {
  readonly observation: Observation;
  /** The ids of the messages and changes that it has seen, in the order in which it saw them. */
  readonly positions: string[];
  /** The ids of the changes among them. */
  readonly changes: string[];
  /** Its messages, by id. */
  readonly shown: Map<string, Shown>;
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
  readonly changes: Change[] = [];
  readonly changeObservations: ChangeObservation[] = [];

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

  /** Adds a pending change of an acknowledged message. The content of an edit begins with that of its message. */
  addChange(kind: Change["kind"], send: Send): Change {
    if (send.outcome.kind !== "acked") throw new RangeError("only an acknowledged message can be changed");
    const ref = `change-${this.changes.length}`;
    const content = kind === "edit" ? `${send.content} ${ref}` : "";
    const change: Change = { kind, send, id: send.outcome.id, content, ref, outcome: { kind: "pending" } };
    this.changes.push(change);
    return change;
  }

  /** Adds a client that records changes too, and starts after `since`. */
  addChangeObserver(client: string, user: string, since = ""): ChangeObservation {
    const observation = this.addObserver(client, user);
    observation.since = since;
    const observed = { observation, positions: [], changes: [], shown: new Map<string, Shown>() };
    this.changeObservations.push(observed);
    return observed;
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
