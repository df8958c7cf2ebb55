import { Backoff, raceAbort } from "@parley/async";
import { Redis } from "ioredis";
import type { Observe } from "../../events.ts";
import { isRefusal, NOT_SERVING, Refused, reasonOf, unavailable } from "../errors.ts";
import type { Address } from "./address.ts";
import { type ClientOptions, serverOptions } from "./client-options.ts";
import { refuseReplica } from "./server-role.ts";

/**
 * One connection to Redis, made again whenever it is lost.
 *
 * ioredis' own reconnecting is not used: each client it makes here lives for one socket, and whatever was under way
 * when that socket ended is rejected. So a command's outcome is never the work of a hidden second try (L6), and
 * what has to be true on a new connection is made so in `prepare`, before anybody gets to use it.
 */
export interface LinkOptions {
  readonly address: Address;
  /** Names the connection in events, problems and `CLIENT LIST`. */
  readonly role: string;
  readonly observe: Observe;
  /** How long an answer may take. After that the outcome is unknown: see `replace`. */
  readonly commandTimeoutMs: number;
  /** How long a new connection may take until it is prepared; 5 s where it is not given. */
  readonly setupTimeoutMs?: number;
  /** Runs on every new connection to a master before it counts as up; a rejection counts as a failed attempt, and is the problem. */
  readonly prepare?: (client: Redis) => Promise<void>;
  /** Called when a connection that was up is so no more. */
  readonly onDown?: () => void;
  /** Whether Sentinels have named another master than the one at this address since it was named. */
  readonly isLeft?: (master: string) => boolean;
}

type State =
  | { readonly kind: "down"; readonly reason: string }
  | { readonly kind: "up"; readonly client: Redis; readonly end: End }
  | { readonly kind: "closed" };

const SETUP_TIMEOUT_MS = 5_000;
const LEFT = "Sentinel has named another master";
/** A connection that lived this long makes the next attempt start without a wait again. */
const STEADY_MS = 5_000;

export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff({ minMs: 100, maxMs: 2_000 });
  #state: State = { kind: "down", reason: "not connected yet" };
  #changed = Promise.withResolvers<void>();
  readonly #kept: Promise<void>;
  /** Where the connection leads to, as a Sentinel said. Empty where none was asked. */
  #master = "";

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#kept = this.#keep();
  }

  /** The connection, where there is one now. */
  get client(): Redis | undefined {
    return this.#state.kind === "up" ? this.#state.client : undefined;
  }

  /** The connection, as soon as there is one. Rejects when `signal` is aborted or the link is closed. */
  async ready(signal: AbortSignal): Promise<Redis> {
    for (;;) {
      if (this.#state.kind === "up") return this.#state.client;
      if (this.#state.kind === "closed") throw unavailable("the connection is closed");
      await raceAbort(this.#changed.promise, signal);
    }
  }

  /** The connection, or the error `unavailable`. */
  use(): Redis {
    const client = this.client;
    if (!client) throw unavailable(this.problem() ?? "no connection to Redis");
    return client;
  }

  /**
   * What `work` answers, on the connection there is now. Rejects with `Refused` for an error that Redis answered; with
   * `unavailable` where there is no connection, no answer came, or this server is not the one to ask any more, and
   * then the connection is made anew.
   */
  async run<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    const client = this.use();
    try {
      return await work(client);
    } catch (error) {
      const reason = reasonOf(error);
      if (isRefusal(error) && !NOT_SERVING.test(reason)) throw new Refused(reason);
      this.replace(client, reason);
      throw unavailable(reason);
    }
  }

  /** Lets go of a connection whose answers cannot be trusted any more, and makes another. Nothing if it is gone. */
  replace(client: Redis, reason: string): void {
    if (this.#state.kind !== "up" || this.#state.client !== client) return;
    this.#state.end.reached.resolve(reason);
    this.#down(reason);
    client.disconnect();
  }

  /** Lets go of the connection where Sentinels have named another master. */
  leaveOldMaster(): void {
    const { client } = this;
    if (client && this.#options.isLeft?.(this.#master)) this.replace(client, LEFT);
  }

  problem(): string | undefined {
    if (this.#state.kind === "up") return undefined;
    const reason = this.#state.kind === "down" ? this.#state.reason : "closed";
    return `no connection to Redis for ${this.#options.role}: ${reason}`;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#kept;
  }

  /** Keeps a connection up until the link is closed. */
  async #keep(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = new Redis(this.#clientOptions());
      const end = endOf(client);
      try {
        await this.#prepared(client, end, signal);
        await this.#whileUp(client, end, signal);
      } catch (error) {
        this.#down(end.cause ?? reasonOf(error));
      } finally {
        client.disconnect();
      }
      await this.#backoff.wait(signal);
    }
    this.#enter({ kind: "closed" });
  }

  async #prepared(client: Redis, end: End, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([
      signal,
      AbortSignal.timeout(this.#options.setupTimeoutMs ?? SETUP_TIMEOUT_MS),
    ]);
    const lost = end.reached.promise.then((reason) => Promise.reject(new Error(reason)));
    const prepare = async () => {
      await client.connect();
      await refuseReplica(client);
      if (this.#options.isLeft?.(this.#master)) throw new Error(LEFT);
      await this.#options.prepare?.(client);
    };
    await raceAbort(Promise.race([prepare(), lost]), deadline).catch((error: unknown) => {
      throw deadline.aborted ? new Error("connecting took too long") : error;
    });
  }

  async #whileUp(client: Redis, end: End, signal: AbortSignal): Promise<void> {
    const since = performance.now();
    this.#enter({ kind: "up", client, end });
    this.#options.observe({ type: "connection", role: this.#options.role, up: true });
    const stopped = "closed";
    const reason = await raceAbort(end.reached.promise, signal).catch(() => stopped);
    if (performance.now() - since > STEADY_MS) this.#backoff.reset();
    this.#down(reason);
  }

  #down(reason: string): void {
    const wasUp = this.#state.kind === "up";
    this.#enter({ kind: "down", reason });
    if (!wasUp) return;
    this.#options.observe({ type: "connection", role: this.#options.role, up: false, reason });
    this.#options.onDown?.();
  }

  #clientOptions(): ClientOptions {
    const { address, role, commandTimeoutMs } = this.#options;
    const noteMaster = (master: string) => {
      this.#master = master;
    };
    return {
      connectTimeout: SETUP_TIMEOUT_MS,
      ...serverOptions(address, noteMaster),
      connectionName: `parley-${role}`,
      commandTimeout: commandTimeoutMs,
      disconnectTimeout: 50,
      lazyConnect: true,
      retryStrategy: () => null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
    };
  }

  #enter(state: State): void {
    this.#state = state;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** How a client's one socket ends. */
interface End {
  /** Resolves with the reason. */
  readonly reached: PromiseWithResolvers<string>;
  /** What went wrong with the socket, where something did: says more than that it is closed. */
  cause: string | undefined;
}

function endOf(client: Redis): End {
  const end: End = { reached: Promise.withResolvers(), cause: undefined };
  let sentinel: string | undefined;
  client.on("sentinelError", (error: unknown) => {
    sentinel = reasonOf(error);
  });
  client.on("error", (error: unknown) => {
    const reason = reasonOf(error);
    // What the last of them said tells more than that none of them helped.
    end.cause = reason.startsWith("All sentinels") ? (sentinel ?? reason) : reason;
  });
  client.once("end", () => end.reached.resolve(end.cause ?? "the connection ended"));
  return end;
}
