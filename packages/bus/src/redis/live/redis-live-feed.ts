import { randomUUID } from "node:crypto";
import { Backoff, sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { LiveFeed, LiveListener } from "../../live-feed.ts";
import { ask, problemOf } from "../connection/ask.ts";
import type { Link } from "../connection/link.ts";
import { readServer } from "../connection/server-role.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { decodePublished } from "../format/entry.ts";
import { markerChannel } from "../format/keys.ts";
import { readHead } from "../log/log-reader.ts";
import { Admission } from "./join-batcher.ts";
import { LiveStream } from "./live-stream.ts";
import { decodeMarker, publishMarker } from "./marker.ts";
import { mend } from "./repair.ts";
import { audienceOf, Subscriptions } from "./subscriptions.ts";

/** How long Redis may take to confirm subscriptions, in ms. */
const SUBSCRIBE_TIMEOUT_MS = 3_000;
/** Two markers that do not come are an interruption (L15), which is so noticed in less than 2 s. */
const MARKER_INTERVAL_MS = 500;
const CLOSED = "the log is closed";
const ELSEWHERE = "it listens to another server than the one that is appended to";
/** What may be heard during a repair; more is let go and read from the log. */
const BUFFER = { maxMessages: 20_000, maxLength: 16 * 1024 * 1024 };

/** One subscriber connection, from its first subscription to its end. */
interface Session {
  readonly number: number;
  readonly client: Redis;
  /** Of the server that it listens to, see ServerInfo. */
  readonly reign: string;
  readonly end: AbortController;
  /** Messages and markers that came over it. */
  arrivals: number;
}

/**
 * One connection that listens for all users of a gateway, and its repair. live-stream.ts says in which order things
 * are told; here are the connections: who is listened for, when the log is read, and when a connection counts as
 * lost. The log is read, and markers are sent, over the connection that appends, so that its stall is noticed too.
 */
export class RedisLiveFeed implements LiveFeed {
  readonly #context: Context;
  readonly #appendLink: Link;
  readonly #link: Link;
  readonly #stream: LiveStream;
  readonly #subscriptions: Subscriptions;
  readonly #admission: Admission;
  readonly #markers = markerChannel(randomUUID());
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #session: Session | undefined;
  #sessions = 0;
  /** What went wrong last with reading the log or sending a marker, until it goes well. */
  #trouble: string | undefined;
  /** Whether the last marker found the log. */
  #hasLog = true;

  constructor(
    context: Context,
    { listener, appendLink }: { readonly listener: LiveListener; readonly appendLink: Link },
  ) {
    this.#context = context;
    this.#appendLink = appendLink;
    this.#subscriptions = new Subscriptions(this.#markers);
    this.#stream = new LiveStream(
      {
        message: (audience, message) => {
          if (audience === "" || this.#subscriptions.wants(audience)) listener.message(audience, message);
        },
        gap: (cursor, reason) => {
          context.observe({ type: "gap", reason });
          listener.gap(cursor);
        },
      },
      BUFFER,
    );
    this.#admission = new Admission(this.#subscriptions, {
      connection: () => (this.#stream.isWhole ? this.#session?.client : undefined),
      vouched: () => this.#stream.vouched,
      readEnd: async () => (await this.#asked(() => ask(appendLink, readHead)))?.end,
      broken: (client, reason) => this.#link.replace(client, reason),
      problem: () => this.problem(),
    });
    this.#link = context.connect({
      role: "live",
      commandTimeoutMs: SUBSCRIBE_TIMEOUT_MS,
      prepare: (client) => this.#begin(client),
      onDown: () => this.#interrupted(),
    });
    this.#running = this.#run();
  }

  join(user: string): Promise<string> {
    if (this.#closing.signal.aborted) return Promise.reject(unavailable(CLOSED));
    return this.#admission.join(user);
  }

  leave(user: string): void {
    this.#admission.leave(user);
  }

  problem(): string | undefined {
    const down = this.#link.problem() ?? this.#appendLink.problem() ?? this.#trouble;
    if (down !== undefined) return down;
    if (!this.#hasLog) return "there is no log in Redis";
    return this.#stream.isWhole ? undefined : "the live stream is being repaired";
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#interrupted();
    await Promise.all([this.#link.close(), this.#admission.close(CLOSED)]);
    await this.#running;
  }

  /** A new connection: it is heard from its first subscription on. */
  async #begin(client: Redis): Promise<void> {
    const { reign } = await readServer(client);
    this.#session?.end.abort();
    this.#sessions += 1;
    const end = new AbortController();
    const session: Session = { number: this.#sessions, client, reign, end, arrivals: 0 };
    this.#session = session;
    this.#stream.connected();
    client.on("message", (channel: string, payload: string) => {
      if (this.#session === session && !session.end.signal.aborted) this.#hear(session, channel, payload);
    });
    await this.#subscriptions.begin(client);
  }

  #interrupted(): void {
    this.#session?.end.abort();
    this.#stream.lost();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = await this.#link.ready(signal).catch(() => undefined);
      const session = this.#session;
      if (!client || session?.client !== client) continue;
      await this.#mend(session);
      this.#admission.serve();
      await this.#watch(session);
    }
  }

  async #mend(session: Session): Promise<void> {
    const { reign } = session;
    const { signal } = session.end;
    const torn = { stream: this.#stream, reign, signal };
    const backoff = new Backoff({ minMs: 50, maxMs: 1_000 });
    const started = performance.now();
    while (!signal.aborted) {
      const mended = await this.#asked(() => mend(this.#appendLink, torn));
      if (mended === "another server") return this.#link.replace(session.client, ELSEWHERE);
      if (mended) {
        const { messages } = mended;
        const ms = performance.now() - started;
        if (messages !== undefined) this.#context.observe({ type: "repair", messages, ms });
        return;
      }
      await backoff.wait(signal);
    }
  }

  /**
   * Sends markers until the connection ends, or is ended here because it is silent (L15). One that cannot be sent is
   * missing too, whatever else is heard: it is not known then whether this is the master still.
   */
  async #watch(session: Session): Promise<void> {
    const { signal } = session.end;
    let missing = 0;
    while (!signal.aborted) {
      const before = session.arrivals;
      const sent = await this.#asked(() =>
        ask(this.#appendLink, (client) => publishMarker(client, this.#markers, `${session.number}`)),
      );
      await sleep(MARKER_INTERVAL_MS, signal);
      missing = sent !== undefined && session.arrivals > before ? 0 : missing + 1;
      if (missing === 2) this.#link.replace(session.client, "it is silent");
      this.#admission.serve();
    }
  }

  #hear(session: Session, channel: string, payload: string): void {
    session.arrivals += 1;
    if (channel === this.#markers) {
      this.#hearMarker(session, payload);
      return;
    }
    const audience = audienceOf(channel);
    const message = decodePublished(payload);
    if (audience === undefined || !message) return;
    this.#context.highestId.raise(message.id);
    this.#stream.hear(audience, message);
  }

  #hearMarker(session: Session, payload: string): void {
    const marker = decodeMarker(payload);
    // One that was asked for by an earlier session, and ran late, would tell of an older end.
    if (marker?.tag !== `${session.number}`) return;
    if (marker.reign !== session.reign) {
      this.#link.replace(session.client, ELSEWHERE);
      return;
    }
    this.#hasLog = marker.log !== undefined;
    if (!marker.log) return;
    this.#context.highestId.raise(marker.log.end);
    this.#stream.marker(marker.log);
  }

  /** Undefined where the log did not answer; the reason becomes the problem. */
  async #asked<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await question();
      this.#trouble = undefined;
      return answer;
    } catch (error) {
      // Not to be able to go on with a connection that ended is no trouble of its own.
      if (!(error instanceof DOMException)) this.#trouble = `cannot read the log: ${problemOf(error)}`;
      return undefined;
    }
  }
}
