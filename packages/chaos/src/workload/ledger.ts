import type { Message } from "@parley/client";

/** What became of one send, as its sender was told. */
export type Outcome =
  | { readonly kind: "pending" }
  | { readonly kind: "acked"; readonly id: string; readonly atMs: number }
  /** `mayBeThere`: the sender was told that it may have gone through all the same. */
  | { readonly kind: "failed"; readonly code: string; readonly mayBeThere: boolean };

/** One send. Its content is its own: no two sends of a run have the same. */
export interface Send {
  readonly client: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
  /** Counts from 0 over the whole run, in the order of the calls. */
  readonly number: number;
  outcome: Outcome;
}

/** What one connected client observed, in that order. */
export interface Observation {
  readonly client: string;
  readonly user: string;
  /** It should see every message meant for it after this place in the log. */
  since: string;
  readonly seen: Message[];
}

/** Everything that happened in a run, as its clients know it. Kept in memory, written by the crowd alone. */
export class Ledger {
  readonly sends: Send[] = [];
  readonly observations: Observation[] = [];

  send(client: string, from: string, to: string, content: string): Send {
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

  observer(client: string, user: string): Observation {
    const observation: Observation = { client, user, since: "", seen: [] };
    this.observations.push(observation);
    return observation;
  }

  /** The place in the log after which all of this run stands. */
  get began(): string {
    return this.observations.map(({ since }) => since).toSorted()[0] ?? "";
  }

  get acked(): Send[] {
    return this.sends.filter(({ outcome }) => outcome.kind === "acked");
  }

  /** Every conversation somebody wrote to, once: both sides of a private one, or `["", ""]` for the public room. */
  conversations(): [string, string][] {
    const pairs = this.sends.map(({ from, to }) => (to === "" ? ["", ""] : [from, to].toSorted()));
    return [...new Map(pairs.map((pair) => [pair.join(":"), pair as [string, string]])).values()];
  }
}
