import { type ParleyClient, ParleyError } from "@parley/client";
import type { SavedState } from "../saved/saved-state.ts";
import type { ChatEvent, Pending } from "./state.ts";
import { randomId, type Tabs } from "./tabs.ts";

/** The maximum number of messages in the outbox (G5). */
const MAX_OUTBOX = 200;
/** Half of the server's dedupe window. A later repeat could be a second message (G2). */
const SAFE_TO_REPEAT_MS = 300_000;

interface OutboxDeps {
  readonly saved: SavedState;
  readonly tabs: Tabs;
  /** Returns the unsettled messages of all tabs, oldest first. */
  pending(): readonly Pending[];
  dispatch(event: ChatEvent): void;
  /** Returns the current client. A new token comes with a new client. */
  client(): ParleyClient;
}

/**
 * Sends messages. Repeats each one under the same ref until it is settled, as long as repeating is safe. All tabs of
 * a user show all unsettled messages. Each message is sent by the tab in which it was written, or by one other tab
 * after that tab has ended.
 */
export class Outbox {
  readonly #deps: OutboxDeps;
  /** Aborts the sends of this tab, by ref. */
  readonly #sends = new Map<string, AbortController>();

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  /** Shows the saved messages, and sends those whose tabs have ended. */
  start(): void {
    const saved = this.#deps.saved.outbox();
    for (const pending of saved) this.#deps.dispatch(loaded(pending));
    for (const { tab } of saved) this.#watch(tab, true);
  }

  /** Adds a message. It is saved until it is settled. Returns false if the outbox is full. */
  add(to: string, content: string): boolean {
    const { saved, tabs } = this.#deps;
    const before = this.#deps.pending();
    if (before.length >= MAX_OUTBOX) return false;
    // The times are the order of the messages after a reload, even if the clock was set back.
    const at = Math.max(Date.now(), (before.at(-1)?.at ?? 0) + 1);
    const pending: Pending = { ref: randomId(), to, content, at, tab: tabs.id, phase: "waiting" };
    const isUnsaved = !saved.addToOutbox(pending);
    this.#share({ type: "queued", pending: { ...pending, isUnsaved } });
    this.#send(pending);
    return true;
  }

  /** Sends a failed message again, under the same ref. */
  retry(ref: string): void {
    this.#share({ type: "retried", ref });
    this.#sendIfOwned(this.find(ref));
  }

  discard(ref: string): void {
    this.#deps.saved.removeFromOutbox(ref);
    this.#share({ type: "discarded", ref });
    this.#sends.get(ref)?.abort();
  }

  /** Sends the waiting messages through a new client. */
  resume(): void {
    for (const pending of this.#deps.pending()) this.#sendIfOwned(pending);
  }

  /** Returns an unsettled message. */
  find(ref: string): Pending | undefined {
    return this.#deps.pending().find((pending) => pending.ref === ref);
  }

  /** Returns true if this tab sends the message. */
  owns({ tab }: Pending): boolean {
    return this.#deps.tabs.owns(tab);
  }

  /** Handles an event that another tab has told this one, after it was applied to the state. */
  onTold(event: ChatEvent): void {
    if (event.type === "queued") this.#watch(event.pending.tab, false);
    else if (event.type === "retried") this.#sendIfOwned(this.find(event.ref));
    else if (event.type === "sent" || event.type === "discarded") this.#sends.get(event.ref)?.abort();
  }

  /**
   * Gives up messages that left too long ago. The clocks of timers stop while the machine sleeps, so this is called
   * before the client connects again.
   */
  giveUpLate(): void {
    for (const { ref, leftAt } of this.#deps.pending()) {
      if (leftAt !== undefined && remainingMs(leftAt) <= 0) this.#sends.get(ref)?.abort();
    }
  }

  /** Applies an event here and in the other tabs. */
  #share(event: ChatEvent): void {
    this.#deps.dispatch(event);
    this.#deps.tabs.tell(event);
  }

  /**
   * Sends the messages of another tab, once that tab has ended. A message that was settled at that moment may be sent
   * once more, under its ref.
   */
  #watch(tab: string, isOld: boolean): void {
    const { saved, dispatch, pending, tabs } = this.#deps;
    tabs.takeOver(tab, isOld, () => {
      for (const one of saved.outbox()) if (!this.find(one.ref)) dispatch(loaded(one));
      for (const one of pending().filter((known) => known.tab === tab)) {
        dispatch(loaded(one));
        this.#sendIfOwned(this.find(one.ref));
      }
    });
  }

  #sendIfOwned(pending: Pending | undefined): void {
    if (pending?.phase === "waiting" && this.owns(pending) && !this.#sends.has(pending.ref))
      this.#send(pending);
  }

  #send({ ref, to, content, leftAt }: Pending): void {
    const { saved, client } = this.#deps;
    const safeMs = leftAt === undefined ? SAFE_TO_REPEAT_MS : remainingMs(leftAt);
    if (safeMs <= 0) {
      this.#fail(ref, "unknown");
      return;
    }
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const startTimer = () => {
      timer ??= setTimeout(() => stop.abort(), safeMs);
    };
    if (leftAt !== undefined) startTimer();
    const onLeave = () => {
      startTimer();
      this.#onLeave(ref);
    };
    this.#sends.set(ref, stop);
    client()
      .send(to, content, { ref, signal: stop.signal, onLeave })
      .finally(() => {
        clearTimeout(timer);
        this.#sends.delete(ref);
      })
      .then(
        ({ id, timestamp }) => {
          saved.removeFromOutbox(ref);
          this.#share({ type: "sent", ref, id, timestamp });
        },
        (error: unknown) => this.#onUnsent(ref, error),
      );
  }

  #onLeave(ref: string): void {
    this.#share({ type: "left", ref, at: Date.now() });
    this.#save(ref);
  }

  #onUnsent(ref: string, error: unknown): void {
    // Settled in another tab, or deleted.
    if (!this.find(ref)) return;
    const { code } = error instanceof ParleyError ? error : { code: "internal" };
    // The client was closed because its token was refused. The next client sends the message.
    if (code === "closed") this.#share({ type: "unsent", ref, phase: "waiting" });
    else if (code === "not_sent" || code === "outcome_unknown") this.#fail(ref, "unknown");
    else this.#fail(ref, "failed", code);
  }

  /** Leaves a message to the user, who sends it again, edits it or deletes it. */
  #fail(ref: string, phase: "failed" | "unknown", code?: string): void {
    this.#share({ type: "unsent", ref, phase, code });
    this.#save(ref);
  }

  #save(ref: string): void {
    const pending = this.find(ref);
    if (pending) this.#deps.saved.addToOutbox(pending);
  }
}

/** A message that was being sent when its tab ended waits again. A failed one stays failed until the user decides. */
const loaded = (pending: Pending): ChatEvent => ({
  type: "queued",
  pending: { ...pending, phase: pending.phase === "sending" ? "waiting" : pending.phase },
});

/** Returns the time for which a message may still be repeated. If the clock was set back, that isn't known: 0. */
function remainingMs(leftAt: number): number {
  const elapsedMs = Date.now() - leftAt;
  return elapsedMs < 0 ? 0 : SAFE_TO_REPEAT_MS - elapsedMs;
}
