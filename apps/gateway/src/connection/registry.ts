import type { Connection } from "./connection.ts";
import type { Joining } from "./pending-connection.ts";

const NOBODY: readonly never[] = [];

/**
 * Who hears what: a user's connections (P7), and everybody. A user is listened for from its first `enter` to the
 * leaving of its last, whichever way that one was; `deserted` is told then.
 */
export class Audiences {
  readonly everybody = new Set<Connection>();
  readonly joining = new Set<Joining>();
  /** Lists, since a set for each of tens of thousands of users, most with one connection, would weigh more. */
  readonly #connections = new Map<string, Connection[]>();
  readonly #joining = new Map<string, Joining[]>();
  readonly #deserted: (user: string) => void;

  constructor(deserted: (user: string) => void) {
    this.#deserted = deserted;
  }

  enter(joining: Joining): void {
    add(this.#joining, joining.user, joining);
    this.joining.add(joining);
  }

  /** What was joining is now a connection. */
  open(joining: Joining, connection: Connection): void {
    add(this.#connections, connection.user, connection);
    this.everybody.add(connection);
    this.exit(joining);
  }

  exit(joining: Joining): void {
    if (!this.joining.delete(joining)) return;
    remove(this.#joining, joining.user, joining);
    this.#tellIfDeserted(joining.user);
  }

  remove(connection: Connection): void {
    if (!this.everybody.delete(connection)) return;
    remove(this.#connections, connection.user, connection);
    this.#tellIfDeserted(connection.user);
  }

  connectionsOf(user: string): readonly Connection[] {
    return this.#connections.get(user) ?? NOBODY;
  }

  joiningOf(user: string): readonly Joining[] {
    return this.#joining.get(user) ?? NOBODY;
  }

  #tellIfDeserted(user: string): void {
    if (!this.#connections.has(user) && !this.#joining.has(user)) this.#deserted(user);
  }
}

function add<T>(lists: Map<string, T[]>, user: string, member: T): void {
  const list = lists.get(user);
  if (list) list.push(member);
  else lists.set(user, [member]);
}

/** The order within a list means nothing. */
function remove<T>(lists: Map<string, T[]>, user: string, member: T): void {
  const list = lists.get(user);
  const index = list?.indexOf(member) ?? -1;
  if (!list || index < 0) return;
  const last = list.pop();
  if (last !== undefined && index < list.length) list[index] = last;
  if (list.length === 0) lists.delete(user);
}
