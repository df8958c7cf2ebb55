import type { Message, ParleyClient } from "@parley/client";
import { signal } from "@preact/signals";

/** The bounds of the wait before the next attempt, in ms. It doubles with each failure. */
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

interface LoaderDeps {
  client(): ParleyClient;
  /** Returns true if the public room's last message has to be loaded too. */
  isRoomUnknown(): boolean;
  /** Adds a conversation to the list. "" is the public room. */
  add(partner: string, last: Message | undefined): void;
}

/** Loads the server's list of conversations page by page. After a failure it tries again until it succeeds. */
export class ConversationLoader {
  /** `more`: there is another page. `all`: the list is complete. `failed` remains until an attempt succeeds. */
  readonly state = signal<"loading" | "failed" | "more" | "all">("loading");
  readonly #deps: LoaderDeps;
  #next: string | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isLoading = false;
  #isClosed = false;

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
  }

  /** Loads the next page, unless it is being loaded. Never rejects. */
  async load(): Promise<void> {
    if (this.#isLoading || this.#isClosed) return;
    this.#isLoading = true;
    clearTimeout(this.#timer);
    if (this.state.peek() !== "failed") this.state.value = "loading";
    try {
      await this.#loadPage();
      this.#failures = 0;
      this.state.value = this.#next === undefined ? "all" : "more";
    } catch {
      this.state.value = "failed";
      this.#retryLater();
    } finally {
      this.#isLoading = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #loadPage(): Promise<void> {
    const { client, isRoomUnknown, add } = this.#deps;
    if (isRoomUnknown()) add("", (await client().history("", { limit: 1 })).messages.at(-1));
    const page = await client().conversations({ before: this.#next });
    for (const { with: partner, last } of page.conversations) add(partner, last);
    this.#next = page.next;
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const waitMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Many pages may have lost the same server, so each waits for a random part of the time.
    this.#timer = setTimeout(() => void this.load(), waitMs * (0.5 + Math.random() / 2));
  }
}
