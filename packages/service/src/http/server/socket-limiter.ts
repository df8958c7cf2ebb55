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

/** The limiter's record of one accepted socket. Only the limiter changes it. */
export interface Place {
  readonly socket: CountedSocket;
  /** Undefined: the socket isn't counted against any address. */
  share: Share | undefined;
  /** A request is being answered. */
  isBusy: boolean;
  /** A request has begun since `queuedAt`. */
  wasUsed: boolean;
  queuedAt: number;
  /** Value of `socket.bytesRead` at the last answer. A higher value since then means that a request is being sent. */
  answeredBytes: number;
  isReleased: boolean;
}

/**
 * Result of `admit`: the reason for refusing the socket, or the socket's place. `evicted` is true if an idle socket
 * was closed to make room.
 */
export type Admission =
  | { readonly refused: "full" | "address" }
  | { readonly place: Place; readonly evicted: boolean };

/** Time in ms for which an idle socket isn't closed, even if a new socket needs its place. */
const IDLE_GRACE_MS = 500;

/**
 * Counts accepted sockets, in total and per client address. At a limit, the first socket that has been idle for half
 * a second is closed to make room for a new one. A socket is idle while none of its requests is being read or
 * answered. A WebSocket is never idle.
 *
 * An ordinary request costs two assignments. All sockets are in one queue, and the sockets of each address in a queue
 * of their own. At a limit the queue is read from its front, and a socket that isn't idle moves to the end. So each
 * socket is checked at most twice a second, however many new sockets are refused.
 */
export class SocketLimiter {
  readonly #limits: SocketLimits;
  readonly #shares = new Map<string, Share>();
  /** Sockets that aren't WebSockets, in the order of `queuedAt`. The queue of each share has the same order. */
  readonly #queue = new Set<Place>();
  #total = 0;

  constructor(limits: SocketLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * Takes a place for a new socket. `block` is the client's address or IPv6 block. If it is undefined, the socket
   * isn't counted against any address.
   */
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
   * Must be called when the socket has become a WebSocket. From then on it counts only in total, until
   * `releaseWebSocket`, because WebSockets have limits of their own.
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

  /** Closes the first idle socket. Returns false if none has been idle for long enough. */
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
