import { setImmediate } from "node:timers/promises";
import type { Redis } from "ioredis";
import { reasonOf } from "../errors.ts";
import { Joins } from "./pending-joins.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** How long a join may take, a repair included, in ms. */
const JOIN_TIMEOUT_MS = 5_000;

/** What letting users in needs of the live stream. */
export interface Ground {
  /** The connection, while the stream on it is whole. */
  connection(): Redis | undefined;
  /** Changes when a cursor that was read before cannot be vouched for any more. */
  vouched(): number;
  /** The log's end now, or undefined when it cannot be read. Never rejects. */
  readEnd(): Promise<string | undefined>;
  /** The connection failed: nobody knows what it listens to now. */
  broken(connection: Redis, reason: string): void;
  problem(): string | undefined;
}

/**
 * Lets users in and out (L17): first the connection listens for them, then the log's end is read, which is their
 * cursor. Whoever comes in one turn of the event loop, or while others are served, is served together, so that
 * thousands of clients that come back at once cost a handful of commands. While the stream is not whole they wait.
 */
export class Admission {
  readonly #subscriptions: Subscriptions;
  readonly #ground: Ground;
  readonly #joins: Joins;
  #serving: Promise<void> | undefined;

  constructor(subscriptions: Subscriptions, ground: Ground) {
    this.#subscriptions = subscriptions;
    this.#ground = ground;
    this.#joins = new Joins(JOIN_TIMEOUT_MS, () => ground.problem() ?? "joining took too long");
  }

  join(user: string): Promise<string> {
    this.#subscriptions.want(user);
    const cursor = this.#joins.add();
    this.serve();
    return cursor;
  }

  leave(user: string): void {
    this.#subscriptions.leave(user);
    this.serve();
  }

  /** To be called now and then: whom it could not serve waits for the next call. */
  serve(): void {
    this.#serving ??= this.#serve();
  }

  /** Whoever waits gets `unavailable`. */
  async close(problem: string): Promise<void> {
    this.#joins.rejectAll(problem);
    await this.#serving;
  }

  async #serve(): Promise<void> {
    await setImmediate();
    while (this.#subscriptions.isChanged || !this.#joins.isEmpty) {
      if (!(await this.#serveWaiting())) break;
    }
    // Nothing may come between the look and this, or it would wait for the next call.
    this.#serving = undefined;
  }

  /** False when it has to wait. Never rejects. */
  async #serveWaiting(): Promise<boolean> {
    const connection = this.#ground.connection();
    const joins = this.#joins.waiting();
    if (!connection || !(await this.#listens(connection))) return false;
    if (joins.length === 0) return true;
    const vouched = this.#ground.vouched();
    const end = await this.#ground.readEnd();
    if (end === undefined) return false;
    if (vouched !== this.#ground.vouched()) return true;
    for (const join of joins) join.resolve(end);
    return true;
  }

  /** Whether it still is the connection, and listens for all that were wanted. */
  async #listens(connection: Redis): Promise<boolean> {
    try {
      await this.#subscriptions.apply(connection);
      return connection === this.#ground.connection();
    } catch (error) {
      this.#ground.broken(connection, reasonOf(error));
      return false;
    }
  }
}
