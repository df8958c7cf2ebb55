import { type ParleyClient, ParleyError } from "@parley/client";
import type { SavedState } from "../saved/saved-state.ts";
import type { ChatEvent, Pending } from "./state.ts";

/**
 * The SDK's deadline for a send: half of the server's dedupe window. A later repeat could be a second message (G2).
 */
const SAFE_TO_REPEAT_MS = 300_000;

interface OutboxSenderDeps {
  readonly saved: SavedState;
  /** Returns an unsettled message. */
  pending(ref: string): Pending | undefined;
  dispatch(event: ChatEvent): void;
  /** Returns the current client. A new token comes with a new client. */
  client(): ParleyClient;
}

/** Sends messages. Repeats each one under the same ref until it is settled, as long as repeating is safe. */
export class OutboxSender {
  readonly #deps: OutboxSenderDeps;

  constructor(deps: OutboxSenderDeps) {
    this.#deps = deps;
  }

  send({ ref, to, content, leftAt }: Pending): void {
    const { saved, dispatch, client } = this.#deps;
    const remainingMs = leftAt === undefined ? undefined : leftAt + SAFE_TO_REPEAT_MS - Date.now();
    if (remainingMs !== undefined && remainingMs <= 0) {
      return void dispatch({ type: "unsent", ref, phase: "unknown" });
    }
    const signal = remainingMs === undefined ? undefined : AbortSignal.timeout(remainingMs);
    client()
      .send(to, content, { ref, signal, onLeave: () => this.#onLeave(ref) })
      .then(
        ({ id, timestamp }) => {
          saved.removeFromOutbox(ref);
          dispatch({ type: "sent", ref, id, timestamp });
        },
        (error: unknown) => this.#onUnsent(ref, error),
      );
  }

  #onLeave(ref: string): void {
    const { saved, dispatch, pending } = this.#deps;
    dispatch({ type: "left", ref, at: Date.now() });
    const sent = pending(ref);
    if (sent) saved.addToOutbox(sent);
  }

  #onUnsent(ref: string, error: unknown): void {
    const { dispatch } = this.#deps;
    const pending = this.#deps.pending(ref);
    if (!pending) return;
    const { code } = error instanceof ParleyError ? error : { code: "internal" };
    const hasNoAnswer = code === "not_sent" || code === "outcome_unknown";
    // A message that never left waits for a connection, however long that takes.
    if (hasNoAnswer && pending.leftAt === undefined) this.send(pending);
    else if (hasNoAnswer) dispatch({ type: "unsent", ref, phase: "unknown" });
    // The client was closed because its token was refused. The next client sends the message.
    else if (code === "closed") dispatch({ type: "unsent", ref, phase: "waiting" });
    else dispatch({ type: "unsent", ref, phase: "failed", code });
  }
}
