import type { ChatEvent } from "./state.ts";

/** A message to the other tabs: an event that applies to them as well, or the end of the user's sessions. */
export type TabMessage = ChatEvent | { readonly type: "signed-out" };

/**
 * The tabs in which one user is signed in, in one browser. They tell each other what happens. Each tab holds a lock
 * with its own id until it ends, in whatever way, so that exactly one other tab can continue its work.
 *
 * Browsers have locks only on pages that are served with TLS or from this machine.
 */
export class Tabs {
  readonly id = randomId();
  /** Undefined if the browser forbids it, as some do together with the storage. */
  readonly #channel: BroadcastChannel | undefined;
  readonly #locks: LockManager | undefined = globalThis.navigator.locks;
  /** The ids of this tab and of the ended tabs whose work it continues. */
  readonly #owned = new Set([this.id]);
  readonly #requested = new Set([this.id]);
  readonly #ended = new AbortController();

  constructor(user: string, onMessage: (message: TabMessage) => void) {
    this.#channel = openChannel(`parley:${user}`);
    if (this.#channel) this.#channel.onmessage = ({ data }) => onMessage(data);
    void this.#hold(this.id, () => undefined);
  }

  tell(message: TabMessage): void {
    // What ends after this tab's session, such as a send, concerns no other tab.
    if (!this.#ended.signal.aborted) this.#channel?.postMessage(message);
  }

  /** Returns true if this tab does the work of the tab with this id. */
  owns(id: string): boolean {
    return this.#owned.has(id);
  }

  /**
   * Calls `then` once this tab owns the work of another tab, after that tab has ended. Without locks, it isn't known
   * if the other tab has ended: with `isOld`, this tab takes the work at once.
   */
  takeOver(id: string, isOld: boolean, then: () => void): void {
    if (this.#requested.has(id) || (!this.#locks && !isOld)) return;
    this.#requested.add(id);
    void this.#hold(id, then);
  }

  close(): void {
    this.#ended.abort();
    this.#channel?.close();
  }

  /** Holds a lock until this tab ends. Never rejects. */
  async #hold(id: string, then: () => void): Promise<void> {
    const { signal } = this.#ended;
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const own = () => {
      this.#owned.add(id);
      then();
      return ended;
    };
    try {
      await (this.#locks ? this.#locks.request(`parley:tab:${id}`, { signal }, own) : own());
    } catch {
      // The tab has ended, or the browser forbids locks. Work that nobody continues would be lost, so continue it.
      if (!signal.aborted) void own();
    }
  }
}

function openChannel(name: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}

/** Returns a random id. `crypto.randomUUID` isn't available in pages that are served without TLS. */
export function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
