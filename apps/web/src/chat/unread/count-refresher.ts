import type { ParleyClient } from "@parley/client";
import { entriesOf } from "../conversation-loader.ts";
import type { ListedConversation } from "../state.ts";

/** The wait before a request, in ms, so that several events in a row cause one. */
const DELAY_MS = 100;
/** The bounds of the wait before the next request if one has failed, or has left a count uncertain, in ms. */
const MIN_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;

interface RefresherDeps {
  client(): ParleyClient;
  /** Called before the first page is requested. */
  begun(): void;
  listed(entries: readonly ListedConversation[]): void;
  /** Returns true if a conversation whose last message is before this id may have another count than the page shows. */
  needsOlder(next: string): boolean;
}

/**
 * Reads the unread counts from the server again (P71): one request at a time, until one has answered after the last call of
 * `request`.
 */
export class CountRefresher {
  readonly #deps: RefresherDeps;
  readonly #closing = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;
  #isDue = false;
  /** The number of refreshes in a row after which another one was due. */
  #repeats = 0;

  constructor(deps: RefresherDeps) {
    this.#deps = deps;
  }

  /** Asks soon. If a refresh is waiting already, changes nothing. */
  request(): void {
    this.#isDue = true;
    if (!this.#isRunning && this.#timer === undefined) this.#schedule(DELAY_MS);
  }

  /** Asks at once, even if an earlier refresh has failed and waits. */
  requestNow(): void {
    this.#isDue = true;
    this.#repeats = 0;
    if (!this.#isRunning) this.#schedule(0);
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closing.signal.aborted) this.#timer = setTimeout(() => void this.#refresh(), waitMs);
  }

  /** Never rejects. */
  async #refresh(): Promise<void> {
    this.#timer = undefined;
    this.#isDue = false;
    this.#isRunning = true;
    try {
      await this.#readPages();
    } catch {
      this.#isDue = true;
    } finally {
      this.#isRunning = false;
    }
    if (!this.#isDue) {
      this.#repeats = 0;
      return;
    }
    const waitMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** this.#repeats);
    this.#repeats += 1;
    // Many pages may have lost the same server, so each waits for a random part of the time.
    this.#schedule(waitMs * (0.5 + Math.random() / 2));
  }

  async #readPages(): Promise<void> {
    const { client, begun, listed, needsOlder } = this.#deps;
    const { signal } = this.#closing;
    begun();
    for (let before: string | undefined; ; ) {
      const page = await client().conversations({ before, signal });
      listed(entriesOf(page));
      if (page.next === undefined || !needsOlder(page.next)) return;
      before = page.next;
    }
  }
}
