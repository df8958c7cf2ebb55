import { Backoff, raceAbort } from "@parley/async";
import type { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { BlockedError, isRefusal, NOT_SERVING, RefusedError, reasonOf, unavailable } from "../errors.ts";
import type { Address, Endpoint } from "./address.ts";
import { Client } from "./client.ts";
import { type ClientOptions, serverOptions } from "./client-options.ts";
import { reasonOfBreak } from "./greeting.ts";
import { refuseUnready } from "./server-role.ts";

export interface LinkOptions {
  readonly address: Address;
  /** The connection's name in events, problems and `CLIENT LIST`. */
  readonly role: string;
  readonly observe: Observe;
  /** Timeout of a reply, in ms. After it the command's outcome is unknown, and the connection is replaced. */
  readonly commandTimeoutMs: number;
  /** Timeout for connecting and preparing, in ms. Defaults to 5,000. */
  readonly setupTimeoutMs?: number;
  /**
   * Runs on every new connection to a master, before anything else uses the connection. A rejection makes the attempt
   * fail and is reported by `problem`.
   */
  readonly prepare?: (client: Redis) => Promise<void>;
  /** Called when a connection that was up goes down. */
  readonly onDown?: () => void;
  /** Returns true if the Sentinels name another master than the one at this address. */
  readonly isSuperseded?: (master: string) => boolean;
}

type State =
  /** Not connected. `problem` says why the last connection ended or the last attempt to connect failed. */
  | { readonly kind: "down"; readonly problem: string }
  /** Connected and prepared. */
  | { readonly kind: "up"; readonly client: Redis; readonly end: ClientEnd }
  | { readonly kind: "closed" };

const SETUP_TIMEOUT_MS = 5_000;
const OLD_MASTER = "Sentinel has named another master";
/** If a connection lasted longer than this, the waits between attempts to connect start with the shortest again. */
const STABLE_MS = 5_000;

/**
 * One connection to Redis, which is opened again whenever it is lost.
 *
 * Doesn't use ioredis' own reconnecting. Each ioredis client has only one socket, and commands that are in flight
 * when the socket ends are rejected. So no command is ever sent twice without the caller's knowledge (L6), and
 * `prepare` runs on every new connection before anything else uses the connection.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff({ minMs: 100, maxMs: 2_000 });
  #state: State;
  /** At every change of state, this promise is resolved and replaced by a new one. */
  #stateChange = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  /** The master's address that a Sentinel reported for this connection. Empty if there are no Sentinels. */
  #master = "";

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#state = { kind: "down", problem: this.#noConnection("not connected yet") };
    options.observe({ type: "connecting", role: options.role });
    this.#running = this.#keepConnected();
  }

  /** The current connection, or undefined if there is none. */
  get client(): Redis | undefined {
    return this.#state.kind === "up" ? this.#state.client : undefined;
  }

  /** Waits for a connection. Rejects when `signal` is aborted or the link is closed. */
  async ready(signal: AbortSignal): Promise<Redis> {
    for (;;) {
      if (this.#state.kind === "up") return this.#state.client;
      if (this.#state.kind === "closed") throw unavailable("the connection is closed");
      await raceAbort(this.#stateChange.promise, signal);
    }
  }

  /** Returns the current connection. Throws `unavailable` if there is none. */
  use(): Redis {
    const client = this.client;
    if (!client) throw unavailable(this.problem() ?? "no connection to Redis");
    return client;
  }

  /**
   * Runs `work` on the current connection and returns its result. Rejects with `RefusedError` if Redis answered with an
   * error. Rejects with `unavailable` if there is no connection. Also rejects with `unavailable`, and replaces the
   * connection, if no reply came or the server isn't a usable master any more.
   *
   * A replaced connection may still get replies for a moment. They are rejected with `unavailable`, too: a call over
   * the new connection may have run before the replied one, and the server may be an old master.
   */
  async run<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.use();
    try {
      const result = await work(client);
      if (this.client === client) return result;
    } catch (error) {
      const reason = reasonOf(error);
      if (isRefusal(error) && !NOT_SERVING.test(reason)) throw new RefusedError(reason);
      this.replace(client, reason);
      throw unavailable(reason);
    }
    throw unavailable(this.problem() ?? "the reply came over a replaced connection");
  }

  /**
   * Closes the connection of `client`, because its replies can't be trusted any more, and reconnects. Does nothing if
   * `client` isn't the current one.
   */
  replace(client: Redis, reason: string): void {
    if (this.#state.kind !== "up" || this.#state.client !== client) return;
    this.#state.end.ended.resolve(reason);
    this.#setDown(reason);
    client.disconnect();
  }

  /** Replaces the connection if the Sentinels name another master. */
  leaveOldMaster(): void {
    const { client } = this;
    if (client && this.#options.isSuperseded?.(this.#master)) this.replace(client, OLD_MASTER);
  }

  /** Returns why there is no connection, as text for an operator, or undefined if there is one. */
  problem(): string | undefined {
    if (this.#state.kind === "up") return undefined;
    return this.#state.kind === "down" ? this.#state.problem : this.#noConnection("closed");
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  /** Keeps one connection open, opening a new one when it ends, until the link is closed. */
  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = new Client(this.#clientOptions());
      const end = watchEnd(client);
      try {
        await this.#connect(client, end, signal);
        await this.#stayUp(client, end, signal);
      } catch (error) {
        if (error instanceof BlockedError) this.#setDown(error.message, error.message);
        else this.#setDown(await reasonOfBreak(end.cause ?? reasonOf(error), this.#endpoint()));
      } finally {
        client.disconnect();
      }
      await this.#backoff.wait(signal);
    }
    this.#setState({ kind: "closed" });
  }

  /** Connects and runs `prepare`. Rejects if that fails or takes too long, or if the socket ends meanwhile. */
  async #connect(client: Redis, end: ClientEnd, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([
      signal,
      AbortSignal.timeout(this.#options.setupTimeoutMs ?? SETUP_TIMEOUT_MS),
    ]);
    const lost = end.ended.promise.then((reason) => Promise.reject(new Error(reason)));
    const connectAndPrepare = async () => {
      await client.connect();
      // ioredis goes on if the server refused to select the database.
      if (end.cause !== undefined) throw new Error(end.cause);
      await refuseUnready(client);
      if (this.#options.isSuperseded?.(this.#master)) throw new Error(OLD_MASTER);
      await this.#options.prepare?.(client);
    };
    await raceAbort(Promise.race([connectAndPrepare(), lost]), deadline).catch((error: unknown) => {
      throw deadline.aborted ? new Error("connecting took too long") : error;
    });
  }

  /** Makes the connection available to callers until it ends or the link is closed. */
  async #stayUp(client: Redis, end: ClientEnd, signal: AbortSignal): Promise<void> {
    const since = performance.now();
    this.#setState({ kind: "up", client, end });
    this.#options.observe({ type: "connection", role: this.#options.role, up: true });
    const closed = "closed";
    const reason = await raceAbort(end.ended.promise, signal).catch(() => closed);
    if (performance.now() - since > STABLE_MS) this.#backoff.reset();
    this.#setDown(reason);
  }

  #setDown(reason: string, problem = this.#noConnection(reason)): void {
    const wasUp = this.#state.kind === "up";
    this.#setState({ kind: "down", problem });
    if (!wasUp) return;
    this.#options.observe({ type: "connection", role: this.#options.role, up: false, reason });
    this.#options.onDown?.();
  }

  #clientOptions(): ClientOptions {
    const { address, role, commandTimeoutMs } = this.#options;
    const setMaster = (master: string) => {
      this.#master = master;
    };
    return {
      connectTimeout: SETUP_TIMEOUT_MS,
      ...serverOptions(address, setMaster),
      connectionName: `parley-${role}`,
      commandTimeout: commandTimeoutMs,
      disconnectTimeout: 50,
      lazyConnect: true,
      // The link makes its own checks. ioredis' check prints on the console if INFO is forbidden.
      enableReadyCheck: false,
      retryStrategy: () => null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
    };
  }

  /** The server that the last attempt to connect led to. */
  #endpoint(): Endpoint {
    const [, host, port] = /^(.*):(\d+)$/.exec(this.#master) ?? [];
    const [first = { host: "localhost", port: 6379 }] = this.#options.address.endpoints;
    return host === undefined ? first : { host, port: Number(port) };
  }

  #noConnection(reason: string): string {
    return `no connection to Redis for ${this.#options.role}: ${reason}`;
  }

  #setState(state: State): void {
    this.#state = state;
    this.#stateChange.resolve();
    this.#stateChange = Promise.withResolvers();
  }
}

/** Tells when and why a client's only socket ended. */
interface ClientEnd {
  /** Resolves with the reason once the socket has ended or the client was replaced. */
  readonly ended: PromiseWithResolvers<string>;
  /** The first error, if there was one. Later errors are its consequences, such as ECONNRESET after a refusal. */
  cause: string | undefined;
}

function watchEnd(client: Redis): ClientEnd {
  const end: ClientEnd = { ended: Promise.withResolvers(), cause: undefined };
  let sentinelError: string | undefined;
  client.on("sentinelError", (error: unknown) => {
    sentinelError = reasonOf(error);
  });
  client.on("error", (error: unknown) => {
    const reason = reasonOf(error);
    // If no Sentinel answered, ioredis reports only that all failed. The last Sentinel's own error is more precise.
    end.cause ??= reason.startsWith("All sentinels") ? (sentinelError ?? reason) : reason;
  });
  client.once("end", () => end.ended.resolve(end.cause ?? "the connection ended"));
  return end;
}
