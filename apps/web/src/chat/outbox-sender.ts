import { type ParleyClient, ParleyError } from "@parley/client";
import type { Saved } from "./saved-state.ts";
import type { ChatEvent, Pending } from "./state.ts";

/** As long as the SDK tries: half of the server's dedupe window. Later a message could be told twice (G2). */
const SAFE_TO_REPEAT_MS = 300_000;

interface Parts {
  readonly saved: Saved;
  /** A message that is not settled yet. */
  pending(ref: string): Pending | undefined;
  dispatch(event: ChatEvent): void;
  /** The one of now: another one comes with another token. */
  client(): ParleyClient;
}

/** Brings messages to the server, each under its one ref until it is settled, as long as that is safe. */
export class Sending {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  transmit({ ref, to, content, leftAt }: Pending): void {
    const { saved, dispatch, client } = this.#parts;
    const left = leftAt === undefined ? undefined : leftAt + SAFE_TO_REPEAT_MS - Date.now();
    if (left !== undefined && left <= 0) return void dispatch({ type: "unsent", ref, phase: "unknown" });
    const signal = left === undefined ? undefined : AbortSignal.timeout(left);
    client()
      .send(to, content, { ref, signal, onLeave: () => this.#onLeave(ref) })
      .then(
        ({ id, timestamp }) => {
          saved.drop(ref);
          dispatch({ type: "sent", ref, id, timestamp });
        },
        (error: unknown) => this.#onUnsent(ref, error),
      );
  }

  #onLeave(ref: string): void {
    const { saved, dispatch, pending } = this.#parts;
    dispatch({ type: "left", ref, at: Date.now() });
    const left = pending(ref);
    if (left) saved.keep(left);
  }

  #onUnsent(ref: string, error: unknown): void {
    const { dispatch } = this.#parts;
    const pending = this.#parts.pending(ref);
    if (!pending) return;
    const { code } = error instanceof ParleyError ? error : { code: "internal" };
    const hasNoAnswer = code === "not_sent" || code === "outcome_unknown";
    // It never left: however long there is no connection, it waits for one.
    if (hasNoAnswer && pending.leftAt === undefined) this.transmit(pending);
    else if (hasNoAnswer) dispatch({ type: "unsent", ref, phase: "unknown" });
    // The client was closed, for want of a token: the next one sends it.
    else if (code === "closed") dispatch({ type: "unsent", ref, phase: "waiting" });
    else dispatch({ type: "unsent", ref, phase: "failed", code });
  }
}
