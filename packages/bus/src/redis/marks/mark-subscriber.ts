import { setImmediate } from "node:timers/promises";
import { sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { MarkListener } from "../../marks.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { reasonOf } from "../errors.ts";
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
  #applying: Promise<void> | undefined;

  constructor({ names, revocations, connect }: Context, listener: MarkListener) {
    this.#listener = listener;
    this.#revocations = revocations;
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
    await this.#apply();
  }

  leave(user: string): void {
    this.#subscriptions.leave(user);
    void this.#apply();
  }

  problem(): string | undefined {
    return this.#link.problem();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#session.abort();
    await this.#link.close();
    await Promise.all([this.#running, this.#applying]);
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
      await this.#apply();
      if (!session.aborted) this.#listener.missed();
      await this.#ping(session);
    }
  }

  /** Pings until the session ends. An unanswered ping ends the session. */
  async #ping(session: AbortSignal): Promise<void> {
    for (await sleep(PING_MS, session); !session.aborted; await sleep(PING_MS, session))
      await this.#link.run((client) => client.ping()).catch(() => undefined);
  }

  /** Applies all changes of the subscriptions. Changes of one turn of the event loop share a command. */
  #apply(): Promise<void> {
    this.#applying ??= this.#applyAll();
    return this.#applying;
  }

  async #applyAll(): Promise<void> {
    await setImmediate();
    for (
      let client = this.#link.client;
      client && this.#subscriptions.isChanged;
      client = this.#link.client
    ) {
      try {
        await this.#subscriptions.apply(client);
      } catch (error) {
        this.#link.replace(client, reasonOf(error));
      }
    }
    // No await between the loop's last check and this line: a join that came in between would not be applied.
    this.#applying = undefined;
  }
}
