import { isIP } from "node:net";
import { ChatError } from "@parley/models";
import { Redis, type RedisOptions } from "ioredis";
import type { Observe } from "../events.ts";
import { Backoff, orAborted } from "./backoff.ts";

/**
 * One connection to Redis, made again whenever it is lost.
 *
 * ioredis' own reconnecting is not used: each client it makes here lives for one socket, and whatever was under way
 * when that socket ended is rejected. So a command's outcome is never the work of a hidden second try (L6), and
 * what has to be true on a new connection is made so in `prepare`, before anybody gets to use it.
 */
export interface LinkOptions {
  /** `redis://` or `rediss://`, with user, password and database number where needed. */
  readonly url: string;
  /** Names the connection in events, problems and `CLIENT LIST`. */
  readonly role: string;
  readonly observe: Observe;
  /** How long an answer may take. After that the outcome is unknown: see `replace`. */
  readonly commandTimeoutMs: number;
  /** How long a new connection may take until it is prepared; 5 s where it is not given. */
  readonly setupTimeoutMs?: number;
  /** Runs on every new connection before it counts as up; a rejection counts as a failed attempt, and is the problem. */
  readonly prepare?: (client: Redis) => Promise<void>;
  /** Called when a connection that was up is so no more. */
  readonly onDown?: () => void;
}

type State =
  | { readonly kind: "down"; readonly reason: string }
  | { readonly kind: "up"; readonly client: Redis; readonly end: End }
  | { readonly kind: "closed" };

type ClientOptions = Omit<RedisOptions, "replyMapping">;

const SETUP_TIMEOUT_MS = 5_000;
/** It became a replica, or has not read its data yet. */
export const ELSEWHERE = /^(READONLY|MASTERDOWN|LOADING|UNBLOCKED)\b/;
/** A connection that lived this long makes the next attempt start without a wait again. */
const STEADY_MS = 5_000;

export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #backoff = new Backoff({ firstMs: 100, capMs: 2_000 });
  #state: State = { kind: "down", reason: "not connected yet" };
  #changed = Promise.withResolvers<void>();
  readonly #kept: Promise<void>;

  constructor(options: LinkOptions) {
    this.#options = options;
    const base = clientOptions(options.url, options);
    this.#kept = this.#keep(base);
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
      await orAborted(this.#changed.promise, signal);
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
      if (isRefusal(error) && !ELSEWHERE.test(reason)) throw new Refused(reason);
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
  async #keep(base: ClientOptions): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = new Redis(base);
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
      await this.#options.prepare?.(client);
    };
    await orAborted(Promise.race([prepare(), lost]), deadline).catch((error: unknown) => {
      throw deadline.aborted ? new Error("connecting took too long") : error;
    });
  }

  async #whileUp(client: Redis, end: End, signal: AbortSignal): Promise<void> {
    const since = performance.now();
    this.#enter({ kind: "up", client, end });
    this.#options.observe({ type: "connection", role: this.#options.role, up: true });
    const stopped = "closed";
    const reason = await orAborted(end.reached.promise, signal).catch(() => stopped);
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
  client.on("error", (error: unknown) => {
    end.cause = reasonOf(error);
  });
  client.once("end", () => end.reached.resolve(end.cause ?? "the connection ended"));
  return end;
}

/** Throws a TypeError for a URL of another kind. The place where a connection through Sentinel will be made. */
function clientOptions(url: string, options: Pick<LinkOptions, "role" | "commandTimeoutMs">): ClientOptions {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  if (protocol !== "redis:" && protocol !== "rediss:")
    throw new TypeError("a Redis URL starts with redis:// or rediss://");
  const host = hostname.replace(/^\[|\]$/g, "") || "localhost";
  return {
    host,
    port: Number(port || 6379),
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    db: Number(pathname.slice(1) || 0),
    ...(protocol === "rediss:" && { tls: isIP(host) ? {} : { servername: host } }),
    connectionName: `parley-${options.role}`,
    commandTimeout: options.commandTimeoutMs,
    connectTimeout: SETUP_TIMEOUT_MS,
    disconnectTimeout: 50,
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
  };
}

/** An error that Redis answered, without the command that it answered. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Whether Redis answered this error, so that its connection is in order. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refused || (error instanceof Error && error.name === "ReplyError");
}

/** `unavailable`, with words for an operator that hold no content. */
export function unavailable(problem: string): ChatError {
  return new ChatError("unavailable", { cause: new Error(problem) });
}

/**
 * What went wrong, in words. An error of ioredis itself carries the command with its arguments, that is contents:
 * it must never reach a log, an event or another error's cause.
 */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) || error.name : "unknown error";
}
