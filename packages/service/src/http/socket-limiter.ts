/** Largest numbers of accepted sockets. Infinity turns a limit off. */
export interface SocketLimits {
  /** All sockets, WebSockets included. */
  readonly total: number;
  /** Sockets of one client address that aren't WebSockets. An IPv6 address counts as its /64 network. */
  readonly perAddress: number;
}

/** An accepted socket, as the limiter sees it. */
export interface CountedSocket {
  readonly bytesRead: number;
  destroy(): void;
}

/** Sockets of one client address. */
interface Share {
  readonly block: string;
  count: number;
  readonly idle: Set<Place>;
}

/** The place of one accepted socket. Only the limiter changes it. */
export interface Place {
  readonly socket: CountedSocket;
  /** Undefined: the socket counts for no address. */
  share: Share | undefined;
  idleSince: number;
  bytesReadBefore: number;
  isReleased: boolean;
}

/** A socket that was refused, or the place that it got and whether an idle socket was closed for it. */
export type Admission =
  | { readonly refused: "full" | "address" }
  | { readonly place: Place; readonly evicted: boolean };

/** Time in ms for which an idle socket keeps its place although others need it. */
const IDLE_GRACE_MS = 1_000;

/**
 * Counts accepted sockets, in total and per client address. At a limit the socket that has been idle for longest makes
 * room. A socket is idle while no request of it is being read or answered. A WebSocket is never idle.
 *
 * Each step takes constant time on average: idle sockets are kept in the order in which they became idle.
 */
export class SocketLimiter {
  readonly #limits: SocketLimits;
  readonly #shares = new Map<string, Share>();
  readonly #idle = new Set<Place>();
  #total = 0;

  constructor(limits: SocketLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place for a new socket. `block` is its client's address, or undefined to count for no address. */
  admit(socket: CountedSocket, block: string | undefined, now: number): Admission {
    const share = block === undefined ? undefined : (this.#shares.get(block) ?? newShare(block));
    let evicted = false;
    if (share && share.count >= this.#limits.perAddress) {
      evicted = this.#evictFrom(share.idle, now);
      if (!evicted) return { refused: "address" };
    }
    if (this.#total >= this.#limits.total) {
      evicted = this.#evictFrom(this.#idle, now);
      if (!evicted) return { refused: "full" };
    }
    const place: Place = { socket, share, idleSince: now, bytesReadBefore: 0, isReleased: false };
    this.#total += 1;
    if (share) {
      share.count += 1;
      this.#shares.set(share.block, share);
    }
    this.#addIdle(place);
    return { place, evicted };
  }

  /** A request of this socket begins. */
  noteBusy(place: Place): void {
    this.#removeIdle(place);
  }

  /** All requests of this socket have been answered. */
  noteIdle(place: Place, now: number): void {
    if (place.isReleased) return;
    place.idleSince = now;
    place.bytesReadBefore = place.socket.bytesRead;
    this.#addIdle(place);
  }

  /** The socket is a WebSocket now. From here on it counts for no address: WebSockets have limits of their own. */
  noteUpgraded(place: Place): void {
    this.#removeIdle(place);
    this.#leaveShare(place);
  }

  /** The socket has ended. */
  release(place: Place): void {
    if (place.isReleased) return;
    place.isReleased = true;
    this.#total -= 1;
    this.#removeIdle(place);
    this.#leaveShare(place);
  }

  /** Closes the socket that has been idle for longest. Returns false if none is idle for long enough. */
  #evictFrom(idle: ReadonlySet<Place>, now: number): boolean {
    for (const place of idle) {
      // The client is sending a request. The server's time limits for requests apply, not this one.
      const isSending = place.socket.bytesRead > place.bytesReadBefore;
      if (!isSending && now - place.idleSince < IDLE_GRACE_MS) return false;
      this.#removeIdle(place);
      if (isSending) continue;
      this.release(place);
      place.socket.destroy();
      return true;
    }
    return false;
  }

  #addIdle(place: Place): void {
    this.#idle.add(place);
    place.share?.idle.add(place);
  }

  #removeIdle(place: Place): void {
    this.#idle.delete(place);
    place.share?.idle.delete(place);
  }

  #leaveShare(place: Place): void {
    const { share } = place;
    if (!share) return;
    place.share = undefined;
    share.count -= 1;
    if (share.count === 0) this.#shares.delete(share.block);
  }
}

function newShare(block: string): Share {
  return { block, count: 0, idle: new Set() };
}
