import type { ConversationsPage, ParleyClient } from "@parley/client";
import { signal } from "@preact/signals";
import type { ListedConversation } from "./state.ts";

/** The bounds of the wait before the next attempt, in ms. It doubles with each failure. */
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

interface LoaderDeps {
  client(): ParleyClient;
  /** Returns true if the public room's last message isn't known. */
  isRoomUnknown(): boolean;
  /** Adds conversations to the list. "" is the public room. */
  add(entries: readonly ListedConversation[]): void;
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
    const page = await client().conversations({ before: this.#next });
    add(entriesOf(page));
    this.#next = page.next;
    // A server of an earlier version doesn't list the public room.
    if (isRoomUnknown())
      add([{ with: "", last: (await client().history("", { limit: 1 })).messages.at(-1) }]);
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const waitMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Many pages may have lost the same server, so each waits for a random part of the time.
    this.#timer = setTimeout(() => void this.load(), waitMs * (0.5 + Math.random() / 2));
  }
}

/** Returns the conversations of a page, and the public room if the page has it. */
export function entriesOf({ conversations, public: room }: ConversationsPage): readonly ListedConversation[] {
  return room ? [...conversations, { with: "", ...room }] : conversations;
}
