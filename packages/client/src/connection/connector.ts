import { ParleyError, toParleyError } from "../errors.ts";
import type { HttpClient } from "../http/http-client.ts";
import type { Settings } from "../options.ts";
import type { State } from "../state.ts";
import { clock } from "../timing/clock.ts";
import { sleep } from "../timing/sleep.ts";
import { type ConnectionEnd, countFailures, planReconnect } from "./reconnect.ts";
import { Refusals } from "./refusals.ts";
import type { TokenSource } from "./token-source.ts";

/** The refusals that a fresh token may resolve. */
const TOKEN_CODES = new Set(["token_expired", "token_revoked", "unauthorized", "token_missing"]);

export interface ConnectorDeps {
  readonly settings: Settings;
  readonly tokens: TokenSource;
  readonly http: HttpClient;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
  /** Opens a connection and resolves when it has ended. Rejects if the platform refuses to open one. */
  open(token: string): Promise<ConnectionEnd>;
  changed(state: Extract<State, { phase: "connecting" | "offline" }>): void;
  /** Called once if the server refuses the client for good. */
  refused(error: ParleyError): void;
}

/** Opens one connection after the other until the client is closed (P40). */
export class Connector {
  readonly #deps: ConnectorDeps;
  readonly #refusals: Refusals;
  /** Aborted to end the current wait before the next attempt. */
  #waiting = new AbortController();

  constructor(deps: ConnectorDeps) {
    this.#deps = deps;
    this.#refusals = new Refusals(deps.settings);
  }

  /** Ends the current wait, if there is one. */
  reconnectNow(): void {
    this.#waiting.abort();
  }

  async run(): Promise<void> {
    const { settings, closing, changed, refused } = this.#deps;
    for (let failures = 0; !closing.aborted; ) {
      changed({ phase: "connecting" });
      const end = await this.#connectOnce();
      if (closing.aborted) return;
      failures = countFailures(end, failures);
      const plan = planReconnect(end, failures, settings);
      if (!plan.reconnect) {
        const message = `The server closed the connection with code ${end.code}, which forbids reconnecting.`;
        return refused(new ParleyError("refused", message));
      }
      const { error } = end;
      if (end.readyForMs > 0) this.#refusals.reset();
      if (error && this.#refusals.isFinal(error)) return refused(error);
      this.#waiting = new AbortController();
      changed({ phase: "offline", retryAt: clock.wallTime() + plan.afterMs, ...(error && { error }) });
      await sleep(plan.afterMs, closing, this.#waiting.signal);
    }
  }

  /** Resolves when one connection, or one attempt to connect, has ended. */
  async #connectOnce(isSecondToken = false): Promise<ConnectionEnd> {
    const { settings, tokens, http, closing, open } = this.#deps;
    const notConnected: ConnectionEnd = { code: 1006, readyForMs: 0 };
    try {
      const token = await tokens.get();
      if (closing.aborted) return notConnected;
      const end = await open(token);
      if (end.code === 4001 || end.code === 4003) tokens.invalidate(token);
      if (end.code !== 1006 || end.readyForMs > 0) return end;
      const error = await http.whyRefused(settings.url, token, [closing]);
      if (!error) return end;
      if (!error.temporary) tokens.invalidate(token);
      // With a wrong clock an expired token looks valid, so the application gets one chance to return a fresh one.
      if (!isSecondToken && TOKEN_CODES.has(error.code)) return await this.#connectOnce(true);
      return { ...end, error };
    } catch (error) {
      return { ...notConnected, error: toParleyError(error) };
    }
  }
}
