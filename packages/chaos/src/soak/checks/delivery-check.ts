import type { Findings } from "../../checker/findings.ts";

/** The messages that one connection received. */
export class Reception {
  readonly user: string;
  /** The connection receives every message of its user after this id. */
  readonly since: string;
  /** Id of the newest message that was received. */
  last: string;
  isOpen = true;
  /** Ids that were received and not yet compared with the acknowledged ones. */
  readonly unchecked = new Set<string>();

  constructor(user: string, since: string) {
    this.user = user;
    this.since = since;
    this.last = since;
  }

  close(): void {
    this.isOpen = false;
  }

  /** True if the connection must have received the message. A closed one has received everything up to `last`. */
  mustHave(id: string): boolean {
    return id > this.since && (this.isOpen || id <= this.last);
  }
}

/**
 * Checks that every connection receives the acknowledged messages of its user, each once and in log order (G3).
 * Compares in steps and forgets what it has compared, because a run has millions of deliveries.
 */
export class DeliveryCheck {
  readonly #findings: Findings;
  readonly #receptions = new Map<string, Set<Reception>>();
  /** Ids of the acknowledged messages that each user must receive, not yet compared. */
  readonly #expected = new Map<string, Set<string>>();
  /** Number of messages that all connections received. */
  received = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Adds a connection that receives every message after `since`. */
  open(user: string, since: string): Reception {
    const reception = new Reception(user, since);
    const all = this.#receptions.get(user);
    if (all) all.add(reception);
    else this.#receptions.set(user, new Set([reception]));
    return reception;
  }

  receive(reception: Reception, id: string): void {
    this.received += 1;
    if (reception.unchecked.has(id)) this.#findings.add("duplicated", `${reception.user} saw ${id} twice`);
    else if (id <= reception.last)
      this.#findings.add("outOfOrder", `${reception.user} saw ${id} after ${reception.last}`);
    else reception.last = id;
    reception.unchecked.add(id);
  }

  /** Records that the message was acknowledged, so that both users must receive it. */
  expect(users: readonly [string, string], id: string): void {
    for (const user of users) {
      const ids = this.#expected.get(user);
      if (ids) ids.add(id);
      else this.#expected.set(user, new Set([id]));
    }
  }

  /** Returns the number of messages up to `horizon` that a connection should have received and has not. */
  countMissing(horizon: string): number {
    let count = 0;
    for (const reception of this.#all()) count += this.#missing(reception, horizon).length;
    return count;
  }

  /** Compares all messages up to `horizon`, and forgets them. */
  checkUpTo(horizon: string): void {
    for (const reception of this.#all()) this.#check(reception, horizon);
    for (const ids of this.#expected.values()) forget(ids, horizon);
  }

  #check(reception: Reception, horizon: string): void {
    for (const id of this.#missing(reception, horizon))
      this.#findings.add("unseen", `${reception.user} did not see ${id}`);
    forget(reception.unchecked, horizon);
    const isOver = !reception.isOpen && reception.last <= horizon;
    if (isOver) this.#receptions.get(reception.user)?.delete(reception);
  }

  *#all(): Generator<Reception> {
    for (const receptions of this.#receptions.values()) yield* receptions;
  }

  #missing(reception: Reception, horizon: string): string[] {
    const expected = this.#expected.get(reception.user) ?? [];
    return [...expected].filter(
      (id) => id <= horizon && reception.mustHave(id) && !reception.unchecked.has(id),
    );
  }
}

function forget(ids: Set<string>, horizon: string): void {
  for (const id of ids) if (id <= horizon) ids.delete(id);
}
