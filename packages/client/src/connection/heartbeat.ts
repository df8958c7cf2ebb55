import { clock } from "../timing/clock.ts";
import { MAX_TIMER_MS } from "../timing/sleep.ts";
import { onWake } from "../timing/wake.ts";

export interface HeartbeatOptions {
  /** The time without a frame from the server after which a ping is sent, in ms. */
  readonly everyMs: number;
  /** If no frame arrives within this time after a ping, the link is dead. In ms. */
  readonly timeoutMs: number;
}

export interface HeartbeatHandlers {
  /** Sends a ping. Returns false if the connection isn't open yet, so that no answer can come. */
  ping(): boolean;
  /** Called once: the link is dead. */
  dead(): void;
}

/** The number of pings without an answer after which the link is dead, however late each check came. */
const MAX_PINGS = 2;

/**
 * Detects a dead link, which reports nothing by itself (P14): pings after a silence, and waits for any frame.
 *
 * The decision depends on the time that has passed, not on the number of timers that have fired: a browser delays the
 * timers of a hidden page by a minute or more. So every event is a reason to check: a timer, a send, and each sign
 * that the page is awake again. A check that comes far too late pings once more, because the answer may be there but
 * unread. A second such check ends the link, so a dead link is detected within three timers.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #handlers: HeartbeatHandlers;
  readonly #stopListening: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastFrame = { at: clock.now(), wallTime: clock.wallTime() };
  #pingedAt = 0;
  /** The number of pings since the last frame. */
  #pings = 0;

  constructor(options: HeartbeatOptions, handlers: HeartbeatHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#stopListening = onWake(() => this.#wake());
    this.#schedule(options.everyMs);
  }

  /** A frame has arrived, so the link works. */
  received(): void {
    this.#lastFrame = { at: clock.now(), wallTime: clock.wallTime() };
    this.#pings = 0;
  }

  /** Pings or reports the link dead if it is time to. Call it on any event. */
  check(): void {
    const { everyMs, timeoutMs } = this.#options;
    const sincePingMs = clock.now() - this.#pingedAt;
    if (this.#pings === 0) {
      const remainingMs = everyMs - this.#silentForMs();
      if (remainingMs <= 0) this.#ping();
      else this.#schedule(remainingMs);
    } else if (sincePingMs < timeoutMs) {
      this.#schedule(timeoutMs - sincePingMs);
    } else if (sincePingMs > 2 * timeoutMs && this.#pings < MAX_PINGS) {
      this.#ping();
    } else {
      this.stop();
      this.#handlers.dead();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }

  /** The page may have slept, or changed its network: asks at once if the link still works. */
  #wake(): void {
    if (this.#pings === 0) this.#ping();
    else this.check();
  }

  /**
   * The longer of both clocks' times since the last frame. The monotonic clock may have stood still while the machine
   * slept. If the wall clock was set instead, the ping comes early, which costs nothing.
   */
  #silentForMs(): number {
    const { at, wallTime } = this.#lastFrame;
    return Math.max(clock.now() - at, clock.wallTime() - wallTime);
  }

  #ping(): void {
    const { everyMs, timeoutMs } = this.#options;
    if (this.#handlers.ping() || this.#silentForMs() >= everyMs) {
      this.#pings += 1;
      this.#pingedAt = clock.now();
      this.#schedule(timeoutMs);
    }
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), Math.min(delayMs, MAX_TIMER_MS));
  }
}
