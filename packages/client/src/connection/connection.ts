import type { Settings } from "../options.ts";
import { backoff } from "../timing/backoff.ts";
import { pause } from "../timing/sleep.ts";
import type { ServerFrame } from "../wire.ts";
import type { Ending } from "./reconnect.ts";
import { Socket } from "./socket.ts";
import type { Tokens } from "./token-source.ts";

/** How long the server has to answer an `auth`, in ms, before it is sent again. */
const AUTH_ANSWER_MS = 5_000;

export interface ConnectionHandlers {
  frame(frame: ServerFrame, connection: Connection): void;
  /** Once. */
  ended(ending: Ending): void;
}

/** One connection from its handshake to its end, which keeps itself authorized meanwhile (P6). */
export class Connection {
  readonly #socket: Socket;
  readonly #tokens: Tokens;
  readonly #settings: Settings;
  readonly #ended = new AbortController();
  #readyAt: number | undefined;
  #announced = false;
  /** Aborted when the server has taken the token that was sent last. */
  #authTaken: AbortController | undefined;

  constructor(settings: Settings, token: string, tokens: Tokens, handlers: ConnectionHandlers) {
    this.#settings = settings;
    this.#tokens = tokens;
    this.#socket = new Socket(settings.WebSocket, settings.url, token, settings.heartbeat, {
      frame: (frame) => {
        this.#note(frame);
        handlers.frame(frame, this);
      },
      closed: (code) => {
        this.#ended.abort();
        const readyForMs = this.#readyAt === undefined ? 0 : performance.now() - this.#readyAt;
        handlers.ended({ code, readyForMs, announced: this.#announced });
      },
    });
  }

  /** Aborted when the connection has ended. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  send(frame: string): void {
    this.#socket.send(frame);
  }

  close(): void {
    this.#socket.close();
  }

  #note(frame: ServerFrame): void {
    if (frame.type === "ready" && this.#readyAt === undefined) {
      this.#readyAt = performance.now();
      void this.#keepAuthorized();
    } else if (frame.type === "reconnect") {
      // Nothing to do yet: everything works until the server closes, and it answers what was sent until then.
      this.#announced = true;
    } else if (frame.type === "auth") {
      this.#authTaken?.abort();
    }
  }

  /** Brings a fresh token before the present one ends, and again until the server has taken it. Never rejects. */
  async #keepAuthorized(): Promise<void> {
    for (let failures = 0; !this.ended.aborted; ) {
      await pause(
        failures === 0 ? this.#tokens.renewAt - Date.now() : backoff(failures, this.#settings.backoff),
        this.ended,
      );
      const token = this.ended.aborted ? undefined : await this.#tokens.get().catch(() => undefined);
      failures = token !== undefined && (await this.#isTaken(token)) ? 0 : failures + 1;
    }
  }

  async #isTaken(token: string): Promise<boolean> {
    const taken = new AbortController();
    this.#authTaken = taken;
    this.#socket.send(JSON.stringify({ type: "auth", token }));
    await pause(AUTH_ANSWER_MS, AbortSignal.any([this.ended, taken.signal]));
    return taken.signal.aborted;
  }
}
