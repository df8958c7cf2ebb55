import { raceAbort } from "@parley/async";
import { ChatError } from "@parley/models";
import { StoreUnavailable } from "@parley/store";
import { isUnnamed, RETRY_AFTER_MS, tooFast, unavailable } from "../errors.ts";

/** Things that a request waits for. If it waits too long, the error names the one that it waited for at the end. */
export const WAITS = ["token", "rate", "turn", "log", "store"] as const;
export type Wait = (typeof WAITS)[number];

const LATE: Readonly<Record<Wait, () => ChatError>> = {
  token: () => unavailable("Tokens can't be verified in time. Retry later."),
  rate: () => tooFast(RETRY_AFTER_MS),
  turn: () =>
    new ChatError("overloaded", {
      message: "Too many requests for history wait for their turn. Retry later.",
      retryAfterMs: RETRY_AFTER_MS,
    }),
  log: () => unavailable("The log didn't answer in time. Retry later."),
  store: () => unavailable("The store is slow and didn't answer in time. Retry later."),
};

const STORE_PROBLEMS: Readonly<Record<StoreUnavailable["problem"], () => ChatError>> = {
  slow: LATE.store,
  unreachable: () => unavailable("The store can't be reached. Retry later."),
  failing: () => unavailable("The store can't answer now. Retry later."),
};

export interface DeadlineOptions {
  readonly ms: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly closed: AbortSignal;
  /** Called when the time is over before `clear`. */
  readonly onLate: (wait: Wait) => void;
}

/**
 * The time until a request must have the first byte of its answer, or of a later part of a whole conversation (P55). It
 * covers everything that the request waits for.
 */
export class Deadline {
  /** Aborted when the time is over, with the error for the client, and when the client has left. */
  readonly signal: AbortSignal;
  readonly #options: DeadlineOptions;
  readonly #clear: () => void;
  #wait: Wait = "token";

  constructor(options: DeadlineOptions) {
    const { ms, closed, onLate } = options;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      onLate(this.#wait);
      controller.abort(LATE[this.#wait]());
    }, ms);
    const onClosed = () => {
      this.clear();
      controller.abort(closed.reason);
    };
    const clear = () => {
      clearTimeout(timer);
      closed.removeEventListener("abort", onClosed);
    };
    this.#options = options;
    this.#clear = clear;
    this.signal = controller.signal;
    if (closed.aborted) onClosed();
    else closed.addEventListener("abort", onClosed, { once: true });
  }

  /**
   * Runs a part of the request that waits for something. Rejects with the signal's reason when the signal is aborted,
   * even if `run` ignores the signal. Other errors of the log and the store become errors that name the cause.
   */
  async during<T>(wait: Wait, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#wait;
    this.#wait = wait;
    try {
      this.signal.throwIfAborted();
      return await raceAbort(run(this.signal), this.signal);
    } catch (error) {
      throw causeOf(error, wait);
    } finally {
      this.#wait = before;
    }
  }

  /** Ends the deadline, because the answer begins. Call it in any case: otherwise the timer stays until the client leaves. */
  clear(): void {
    this.#clear();
  }

  /** Creates a new deadline for the next part of the answer. */
  next(): Deadline {
    return new Deadline(this.#options);
  }
}

/** Names the cause of an error that the store or the log gave without one. */
function causeOf(error: unknown, wait: Wait): unknown {
  if (error instanceof StoreUnavailable) return STORE_PROBLEMS[error.problem]();
  return isUnnamed(error) && wait === "log" ? unavailable("The log can't be read now. Retry later.") : error;
}
