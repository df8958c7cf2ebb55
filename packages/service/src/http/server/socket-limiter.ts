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
  readonly queue: Set<Place>;
}

/** The place of one accepted socket. Only the limiter changes it. */
export interface Place {
  readonly socket: CountedSocket;
  /** Undefined: the socket counts for no address. */
  share: Share | undefined;
  /** A request is being answered. */
  isBusy: boolean;
  /** A request has begun since `queuedAt`. */
  wasUsed: boolean;
  queuedAt: number;
  /** Bytes read until the last answer. More were read since then if a request is being sent. */
  answeredBytes: number;
  isReleased: boolean;
}

/** A socket that was refused, or the place that it got and whether an idle socket was closed for it. */
export type Admission =
  | { readonly refused: "full" | "address" }
  | { readonly place: Place; readonly evicted: boolean };

/** Time in ms for which an idle socket keeps its place although others need it. */
const IDLE_GRACE_MS = 500;

/**
 * Counts accepted sockets, in total and per client address. At a limit a socket that has been idle for half a second
 * makes room, the oldest first. A socket is idle while no request of it is being read or answered; a WebSocket never is.
 *
 * An ordinary request costs two assignments. The sockets of an address, and all sockets, wait in a queue. At a limit
 * the queue is read from its front, and a socket that isn't idle moves to the end. So each socket is looked at no more
 * than twice a second, however many are refused.
 */
export class SocketLimiter {
  readonly #limits: SocketLimits;
  readonly #shares = new Map<string, Share>();
  /** Sockets that aren't WebSockets, in the order of `queuedAt`. Shares have the same order. */
  readonly #queue = new Set<Place>();
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
      evicted = this.#evictFrom(share.queue, now);
      if (!evicted) return { refused: "address" };
    }
    if (this.#total >= this.#limits.total) {
      evicted = this.#evictFrom(this.#queue, now);
      if (!evicted) return { refused: "full" };
    }
    return { place: this.#take(socket, share, now), evicted };
  }

  /** A request of this socket begins. */
  noteBusy(place: Place): void {
    place.isBusy = true;
    place.wasUsed = true;
  }

  /** All requests of this socket have been answered. */
  noteIdle(place: Place): void {
    place.isBusy = false;
    place.answeredBytes = place.socket.bytesRead;
  }

  /**
   * The socket is a WebSocket now, and gives up its place: it counts only in total, until `releaseWebSocket`. WebSockets
   * have limits of their own.
   */
  noteWebSocket(place: Place): void {
    this.release(place);
    this.#total += 1;
  }

  /** A WebSocket has ended. */
  releaseWebSocket(): void {
    this.#total -= 1;
  }

  /** The socket has ended. */
  release(place: Place): void {
    if (place.isReleased) return;
    place.isReleased = true;
    this.#total -= 1;
    this.#leaveQueues(place);
    this.#leaveShare(place);
  }

  #take(socket: CountedSocket, share: Share | undefined, now: number): Place {
    const state = { isBusy: false, wasUsed: false, queuedAt: now, answeredBytes: 0, isReleased: false };
    const place: Place = { socket, share, ...state };
    this.#total += 1;
    if (share) {
      share.count += 1;
      this.#shares.set(share.block, share);
    }
    this.#enterQueues(place);
    return place;
  }

  /** Closes the first idle socket. Returns false if none is idle for long enough. */
  #evictFrom(queue: ReadonlySet<Place>, now: number): boolean {
    for (const place of queue) {
      if (now - place.queuedAt < IDLE_GRACE_MS) return false;
      // A client that is sending a request isn't idle: the server's time limits for requests apply.
      const isSending = place.socket.bytesRead > place.answeredBytes;
      if (place.isBusy || place.wasUsed || isSending) {
        this.#leaveQueues(place);
        place.wasUsed = false;
        place.queuedAt = now;
        this.#enterQueues(place);
        continue;
      }
      this.release(place);
      place.socket.destroy();
      return true;
    }
    return false;
  }

  #enterQueues(place: Place): void {
    this.#queue.add(place);
    place.share?.queue.add(place);
  }

  #leaveQueues(place: Place): void {
    this.#queue.delete(place);
    place.share?.queue.delete(place);
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
  return { block, count: 0, queue: new Set() };
}
