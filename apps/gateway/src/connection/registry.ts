import type { Connection } from "./connection.ts";
import type { PendingConnection } from "./pending-connection.ts";

const NONE: readonly never[] = [];

/**
 * All connections of this gateway, open and pending, as sets and by user (P7).
 *
 * `onUserOffline` is called when a user's last connection of either kind is gone. The gateway then needs no more
 * messages for that user.
 */
export class ConnectionRegistry {
  /** The open connections. Closed ones are removed at once, even if their sockets haven't ended. */
  readonly connections = new Set<Connection>();
  readonly pending = new Set<PendingConnection>();
  /**
   * Arrays, because most of the tens of thousands of users have one connection, and a Set for each would take more
   * memory.
   */
  readonly #connectionsByUser = new Map<string, Connection[]>();
  readonly #pendingByUser = new Map<string, PendingConnection[]>();
  readonly #onUserOffline: (user: string) => void;

  constructor(onUserOffline: (user: string) => void) {
    this.#onUserOffline = onUserOffline;
  }

  addPending(pending: PendingConnection): void {
    add(this.#pendingByUser, pending.user, pending);
    this.pending.add(pending);
  }

  /** Replaces a pending connection by the open one. The user stays online in between. */
  promote(pending: PendingConnection, connection: Connection): void {
    add(this.#connectionsByUser, connection.user, connection);
    this.connections.add(connection);
    this.removePending(pending);
  }

  removePending(pending: PendingConnection): void {
    if (!this.pending.delete(pending)) return;
    remove(this.#pendingByUser, pending.user, pending);
    this.#reportIfOffline(pending.user);
  }

  remove(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    remove(this.#connectionsByUser, connection.user, connection);
    this.#reportIfOffline(connection.user);
  }

  connectionsOf(user: string): readonly Connection[] {
    return this.#connectionsByUser.get(user) ?? NONE;
  }

  pendingOf(user: string): readonly PendingConnection[] {
    return this.#pendingByUser.get(user) ?? NONE;
  }

  #reportIfOffline(user: string): void {
    if (!this.#connectionsByUser.has(user) && !this.#pendingByUser.has(user)) this.#onUserOffline(user);
  }
}

function add<T>(lists: Map<string, T[]>, user: string, member: T): void {
  const list = lists.get(user);
  if (list) list.push(member);
  else lists.set(user, [member]);
}

/** Removes a member and moves the last one to its index. The order within a list has no meaning. */
function remove<T>(lists: Map<string, T[]>, user: string, member: T): void {
  const list = lists.get(user);
  const index = list?.indexOf(member) ?? -1;
  if (!list || index < 0) return;
  const last = list.pop();
  if (last !== undefined && index < list.length) list[index] = last;
  if (list.length === 0) lists.delete(user);
}
