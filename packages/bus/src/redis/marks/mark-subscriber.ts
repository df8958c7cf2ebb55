import { sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { MarkListener } from "../../marks.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { reasonOf } from "../errors.ts";
import { BatchRunner } from "../live/batch-runner.ts";
import { Subscriptions } from "../live/subscriptions.ts";
import { type KnownRevocations, STALE } from "../revocations/known-revocations.ts";
import { decodePublishedMark } from "./mark-format.ts";

/** Timeout of subscriptions and pings, in ms. */
const TIMEOUT_MS = 3_000;
/** Time between two pings, in ms. A silent connection is replaced after one without an answer. */
const PING_MS = 5_000;

/**
 * The subscriber connection of read marks. Nothing fills its gaps: after each interruption clients ask for their marks
 * again.
 */
export class MarkSubscriber {
  readonly #listener: MarkListener;
  readonly #prefix: string;
  readonly #revocations: KnownRevocations;
  readonly #subscriptions: Subscriptions;
  readonly #link: Link;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** Aborted when the current connection goes down. */
  #session = new AbortController();
  readonly #changes: BatchRunner;

  constructor({ names, revocations, gathering, connect }: Context, listener: MarkListener) {
    this.#listener = listener;
    this.#revocations = revocations;
    this.#changes = new BatchRunner(() => this.#applyChanges(), gathering);
    this.#prefix = names.marksChannel("");
    this.#subscriptions = new Subscriptions(names.marksChannel, []);
    this.#link = connect({
      role: "marks-live",
      commandTimeoutMs: TIMEOUT_MS,
      prepare: (client) => this.#startSession(client),
      onDown: () => this.#session.abort(),
    });
    this.#running = this.#run();
  }

  /** Resolves at once if the connection is down: the listener hears of an interruption once it is up. */
  async join(user: string): Promise<void> {
    this.#subscriptions.want(user);
    await this.#changes.request();
  }

  leave(user: string): void {
    this.#subscriptions.leave(user);
    void this.#changes.request();
  }

  problem(): string | undefined {
    return this.#link.problem();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#session.abort();
    await this.#link.close();
    await Promise.all([this.#running, this.#changes.idle()]);
  }

  async #startSession(client: Redis): Promise<void> {
    const session = new AbortController();
    this.#session = session;
    client.on("message", (channel: string, payload: string) => {
      if (session.signal.aborted) return;
      // The process was frozen. The new connection tells clients to ask, which is when their tokens are judged (L26).
      if (this.#revocations.isStale) this.#link.replace(client, STALE);
      else this.#receive(channel, payload);
    });
    await this.#subscriptions.subscribeAll(client);
  }

  #receive(channel: string, payload: string): void {
    const audience = channel.slice(this.#prefix.length);
    const mark = decodePublishedMark(payload);
    if (mark && this.#subscriptions.wants(audience)) this.#listener.mark(audience, mark);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = await this.#link.ready(signal).catch(() => undefined);
      const session = this.#session.signal;
      if (!client || session.aborted) continue;
      await this.#changes.request();
      if (!session.aborted) this.#listener.missed();
      await this.#ping(session);
    }
  }

  /** Pings until the session ends. An unanswered ping ends the session. */
  async #ping(session: AbortSignal): Promise<void> {
    for (await sleep(PING_MS, session); !session.aborted; await sleep(PING_MS, session))
      await this.#link.run((client) => client.ping()).catch(() => undefined);
  }

  /** Applies the changes of the subscriptions. If that fails, the next connection subscribes to everything. */
  async #applyChanges(): Promise<void> {
    const { client } = this.#link;
    if (!client || !this.#subscriptions.isChanged) return;
    try {
      await this.#subscriptions.apply(client);
    } catch (error) {
      this.#link.replace(client, reasonOf(error));
    }
  }
}
