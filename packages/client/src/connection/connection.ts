import type { Settings } from "../options.ts";
import { backoff } from "../timing/backoff.ts";
import { clock } from "../timing/clock.ts";
import { sleep } from "../timing/sleep.ts";
import type { ServerFrame } from "../wire.ts";
import type { ConnectionEnd } from "./reconnect.ts";
import { Socket } from "./socket.ts";
import type { TokenSource } from "./token-source.ts";

/** The time after which an unanswered `auth` frame has failed and another one is sent, in ms. */
const AUTH_TIMEOUT_MS = 5_000;

export interface ConnectionDeps {
  readonly settings: Settings;
  /** The token for the handshake. */
  readonly token: string;
  /** The source of the later tokens, which replace `token`. */
  readonly tokens: TokenSource;
  /** Called for every frame that is a JSON object with a `type`. */
  frame(frame: ServerFrame, connection: Connection): void;
  /** Called once, when the connection has ended or couldn't be established. */
  ended(end: ConnectionEnd): void;
}

/** One connection from its handshake to its end. It renews its token while it is open (P6). */
export class Connection {
  readonly #socket: Socket;
  readonly #tokens: TokenSource;
  readonly #settings: Settings;
  readonly #ended = new AbortController();
  readonly #ready = new AbortController();
  #readyAt: number | undefined;
  #announced = false;
  /** Aborted when the server accepts the token that was sent last. */
  #authAccepted: AbortController | undefined;

  /** Throws if the platform refuses the address. */
  constructor({ settings, token, tokens, frame, ended }: ConnectionDeps) {
    this.#settings = settings;
    this.#tokens = tokens;
    this.#socket = new Socket(settings.WebSocket, settings.url, token, settings.heartbeat, {
      frame: (received) => {
        this.#onFrame(received);
        frame(received, this);
      },
      closed: (code) => {
        this.#ended.abort();
        const readyForMs = this.#readyAt === undefined ? 0 : clock.now() - this.#readyAt;
        ended({ code, readyForMs, announced: this.#announced });
      },
    });
    void this.#failUnlessReady();
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

  /** Ends the connection as broken. */
  fail(): void {
    this.#socket.fail();
  }

  /** Ends a connection that opens but on which the server never reports to be ready, for example behind a proxy. */
  async #failUnlessReady(): Promise<void> {
    await sleep(this.#settings.requestTimeoutMs, this.ended, this.#ready.signal);
    if (this.#readyAt === undefined) this.#socket.fail();
  }

  #onFrame(frame: ServerFrame): void {
    if (frame.type === "ready" && this.#readyAt === undefined) {
      this.#readyAt = clock.now();
      this.#ready.abort();
      void this.#renewTokens();
    } else if (frame.type === "reconnect") {
      // Nothing to do yet: the server answers everything until it closes the connection.
      this.#announced = true;
    } else if (frame.type === "auth") {
      this.#authAccepted?.abort();
    }
  }

  /** Sends a fresh token before the current one expires, and repeats until the server accepts it. Never rejects. */
  async #renewTokens(): Promise<void> {
    for (let failures = 0; !this.ended.aborted; ) {
      await sleep(
        failures === 0 ? this.#tokens.renewInMs : backoff(failures, this.#settings.backoff),
        this.ended,
      );
      const token = this.ended.aborted ? undefined : await this.#tokens.get().catch(() => undefined);
      failures = token !== undefined && (await this.#authenticate(token)) ? 0 : failures + 1;
    }
  }

  /** Sends a token. Returns true if the server accepts it in time. */
  async #authenticate(token: string): Promise<boolean> {
    const accepted = new AbortController();
    this.#authAccepted = accepted;
    this.#socket.send(JSON.stringify({ type: "auth", token }));
    await sleep(AUTH_TIMEOUT_MS, this.ended, accepted.signal);
    return accepted.signal.aborted;
  }
}
