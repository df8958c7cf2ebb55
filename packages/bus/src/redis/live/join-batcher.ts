import type { Redis } from "ioredis";
import { reasonOf } from "../errors.ts";
import { BatchRunner } from "./batch-runner.ts";
import type { Gathering } from "./gathering.ts";
import { PendingJoins } from "./pending-joins.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Timeout of a join in ms. It includes the time that the join waits for a repair of the live stream. */
const JOIN_TIMEOUT_MS = 5_000;

export interface JoinBatcherDeps {
  readonly subscriptions: Subscriptions;
  /** Returns the subscriber connection while the live stream is complete, otherwise undefined. */
  readonly connection: () => Redis | undefined;
  /** Returns a number that changes whenever cursors that were read earlier become invalid. */
  readonly cursorGeneration: () => number;
  /** Reads the log's end. Resolves with undefined if it can't be read. Never rejects. */
  readonly readEnd: () => Promise<string | undefined>;
  /** Called when a command on the connection failed, so that it isn't known which subscriptions are active. */
  readonly onConnectionFailed: (connection: Redis, reason: string) => void;
  readonly problem: () => string | undefined;
  readonly gathering: Gathering;
}

/**
 * Processes joins and leaves (L17). For a join, the connection first subscribes to the user's channel. Then the log's
 * end is read, and the join resolves with it as its cursor.
 *
 * Joins that follow each other closely share a batch, and so do those that arrive while a batch is in flight (see
 * BatchRunner). While the live stream is being repaired, joins wait.
 */
export class JoinBatcher {
  readonly #deps: JoinBatcherDeps;
  readonly #pending: PendingJoins;
  readonly #batches: BatchRunner;

  constructor(deps: JoinBatcherDeps) {
    this.#deps = deps;
    this.#batches = new BatchRunner(() => this.#processBatch(), deps.gathering);
    this.#pending = new PendingJoins(JOIN_TIMEOUT_MS, () => deps.problem() ?? "joining took too long");
  }

  join(user: string): Promise<string> {
    this.#deps.subscriptions.want(user);
    const cursor = this.#pending.add();
    this.process();
    return cursor;
  }

  leave(user: string): void {
    this.#deps.subscriptions.leave(user);
    this.process();
  }

  /** Processes waiting joins and leaves. Those that can't be processed now wait for the next call. */
  process(): void {
    if (this.#deps.subscriptions.isChanged || !this.#pending.isEmpty) void this.#batches.request();
  }

  /** Rejects all waiting joins with `unavailable`. */
  async close(problem: string): Promise<void> {
    this.#pending.rejectAll(problem);
    await this.#batches.idle();
  }

  /** Never rejects. */
  async #processBatch(): Promise<void> {
    const connection = this.#deps.connection();
    const joins = this.#pending.current();
    if (!connection || !(await this.#subscribe(connection)) || joins.length === 0) return;
    const generation = this.#deps.cursorGeneration();
    const end = await this.#deps.readEnd();
    if (end === undefined) return;
    if (generation !== this.#deps.cursorGeneration()) return this.process();
    for (const join of joins) join.resolve(end);
  }

  /** Applies all subscription changes. Returns false if that failed or the connection was replaced meanwhile. */
  async #subscribe(connection: Redis): Promise<boolean> {
    try {
      await this.#deps.subscriptions.apply(connection);
      return connection === this.#deps.connection();
    } catch (error) {
      this.#deps.onConnectionFailed(connection, reasonOf(error));
      return false;
    }
  }
}
