import { ByLength } from "./by-length.ts";
import { LinkedList, type ListNode } from "./linked-list.ts";

/** Limits of a pool, each a whole number. */
export interface FairPoolOptions {
  /** The maximum number of places that are taken at the same time. */
  readonly places: number;
  /** The maximum number of places that one key takes at the same time. */
  readonly placesPerKey: number;
  /** The maximum number of callers that wait for a place. */
  readonly waiting: number;
  /** The maximum number of callers of one key that wait for a place. */
  readonly waitingPerKey: number;
}

/** Gives a place back. Only the first call has an effect. */
export type Release = () => void;

/** A caller can't wait, because too many callers of its key (`limit` is `key`) or of all keys wait already. */
export class PoolFull extends Error {
  override readonly name = "PoolFull";
  readonly limit: "key" | "total";

  constructor(limit: "key" | "total") {
    super(limit === "key" ? "too many callers of this key wait" : "too many callers wait");
    this.limit = limit;
  }
}

interface Waiter {
  readonly share: Share;
  readonly resolve: (release: Release) => void;
  readonly reject: (reason: unknown) => void;
  readonly stopListening: () => void;
}

/** The state of one key: the number of places that it has taken, and its waiting callers, oldest first. */
interface Share {
  readonly key: string;
  inUse: number;
  readonly waiters: LinkedList<Waiter>;
  /** The share's entry in `#turns`, while a caller of the key waits and the key may take another place. */
  turn: ListNode<Share> | undefined;
}

/**
 * Gives out a fixed number of places, fairly among keys, such as the addresses of clients (G5). Keys with waiting
 * callers are served in turn, one place each. So one key with thousands of callers delays another key by at most one
 * place per turn. Callers of the same key are served in the order of their calls.
 *
 * Waiting is bounded per key and in total. When the total is reached, a key with few waiting callers displaces the
 * newest caller of the key with the most. So a few keys can't fill the queue and lock out the others.
 *
 * One invariant makes this simple: while a place is free, every key that waits has reached its own limit. Only a
 * release could break the invariant, so each release serves the waiting keys.
 */
export class FairPool {
  readonly #options: FairPoolOptions;
  /** The shares of all keys that have a place or wait for one. Other shares are deleted. */
  readonly #shares = new Map<string, Share>();
  /** The shares that have a waiting caller and may take the next place, in the order of their turns. */
  readonly #turns = new LinkedList<Share>();
  readonly #queues = new ByLength<Share>();
  #inUse = 0;
  #waiting = 0;

  constructor(options: FairPoolOptions) {
    this.#options = options;
  }

  /** The number of places that are taken now. */
  get inUse(): number {
    return this.#inUse;
  }

  /** The number of callers that wait for a place now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The number of keys that have a place or wait for one. */
  get keys(): number {
    return this.#shares.size;
  }

  /**
   * Takes a place if one is free and the key is below its limit. Otherwise returns undefined. Never takes a place
   * that a waiting caller of another key may take.
   */
  tryTake(key: string): Release | undefined {
    const share = this.#shares.get(key) ?? newShare(key);
    if (this.#inUse >= this.#options.places || share.inUse >= this.#options.placesPerKey) return undefined;
    return this.#grant(share);
  }

  /**
   * Takes a place, and waits for one if necessary. Rejects with PoolFull if too many callers wait: at once, or later
   * when another caller displaces this one. Rejects with the signal's reason if `signal` is aborted before a place
   * was granted. The caller must release a place that was granted before the abort.
   */
  take(key: string, signal?: AbortSignal): Promise<Release> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const release = this.tryTake(key);
    if (release) return Promise.resolve(release);
    const refusal = this.#makeRoom(key);
    if (refusal) return Promise.reject(new PoolFull(refusal));
    return new Promise((resolve, reject) => this.#wait(key, signal, resolve, reject));
  }

  #wait(key: string, signal: AbortSignal | undefined, resolve: Waiter["resolve"], reject: Waiter["reject"]) {
    const share = this.#shares.get(key) ?? newShare(key);
    const onAbort = () => {
      this.#leave(node);
      reject(signal?.reason);
    };
    const stopListening = () => signal?.removeEventListener("abort", onAbort);
    const node = share.waiters.push({ share, resolve, reject, stopListening });
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting += 1;
    this.#settle(share);
  }

  /**
   * Returns the limit that one more waiting caller of a key would exceed, or undefined if the caller may wait.
   * Displaces another caller if that is fair.
   */
  #makeRoom(key: string): "key" | "total" | undefined {
    const { waiting, waitingPerKey } = this.#options;
    const own = this.#shares.get(key)?.waiters.length ?? 0;
    if (own >= waitingPerKey) return "key";
    if (this.#waiting < waiting) return undefined;
    const longest = this.#queues.longest?.waiters;
    if (!longest?.last || longest.length <= own + 1) return "total";
    this.#leave(longest.last).reject(new PoolFull("total"));
    return undefined;
  }

  /** Removes a waiting caller from its queue. Afterwards the caller is granted a place or rejected. */
  #leave(node: ListNode<Waiter>): Waiter {
    const waiter = node.value;
    waiter.stopListening();
    waiter.share.waiters.remove(node);
    this.#waiting -= 1;
    this.#settle(waiter.share);
    return waiter;
  }

  #grant(share: Share): Release {
    share.inUse += 1;
    this.#inUse += 1;
    this.#settle(share);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      share.inUse -= 1;
      this.#inUse -= 1;
      this.#settle(share);
      this.#serve();
    };
  }

  /** Gives free places to waiting keys, one place a turn. */
  #serve(): void {
    while (this.#inUse < this.#options.places) {
      const share = this.#turns.first?.value;
      const oldest = share?.waiters.first;
      if (!share || !oldest) return;
      // The turn ends here. If more callers of this key wait, `#settle` puts the key behind the others.
      this.#endTurn(share);
      this.#leave(oldest).resolve(this.#grant(share));
    }
  }

  /** Updates `#queues`, `#turns` and `#shares` after a change of a share. */
  #settle(share: Share): void {
    const { key, inUse, waiters } = share;
    this.#queues.set(share, waiters.length);
    const mayTake = waiters.length > 0 && inUse < this.#options.placesPerKey;
    if (!mayTake) this.#endTurn(share);
    else share.turn ??= this.#turns.push(share);
    if (inUse > 0 || waiters.length > 0) this.#shares.set(key, share);
    else this.#shares.delete(key);
  }

  #endTurn(share: Share): void {
    if (share.turn) this.#turns.remove(share.turn);
    share.turn = undefined;
  }
}

function newShare(key: string): Share {
  return { key, inUse: 0, waiters: new LinkedList(), turn: undefined };
}
