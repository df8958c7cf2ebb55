import { randomUUID } from "node:crypto";
import { Backoff, sleep } from "@parley/async";
import type { Redis } from "ioredis";
import type { LiveFeed, LiveListener } from "../../live-feed.ts";
import type { Link } from "../connection/link.ts";
import { failureReason, runOrUnavailable } from "../connection/run-or-unavailable.ts";
import { readServer } from "../connection/server-role.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { decodePublished } from "../format/entry.ts";
import { readHead } from "../log/log-reader.ts";
import { STALE } from "../revocations/known-revocations.ts";
import { JoinBatcher } from "./join-batcher.ts";
import { LiveStream } from "./live-stream.ts";
import { decodeMarker, publishMarker } from "./marker.ts";
import { repair } from "./repair.ts";
import { audienceOf, Subscriptions } from "./subscriptions.ts";

/** Timeout for the confirmation of subscriptions, in ms. */
const SUBSCRIBE_TIMEOUT_MS = 3_000;
/** Time between markers, in ms. Two missing markers are an interruption, which is thus noticed within 2 s (L15). */
const MARKER_INTERVAL_MS = 500;
const CLOSED = "the log is closed";
const READ = "read the log";
const SILENT = "no markers arrive";
const OTHER_SERVER = "the subscriber connection leads to another server than the append connection";
/** Bounds of the buffer for messages that arrive during a repair. If exceeded, the messages are read from the log. */
const BUFFER_LIMITS = { maxMessages: 20_000, maxLength: 16 * 1024 * 1024 };

/** The lifetime of one subscriber connection. */
interface Session {
  readonly number: number;
  readonly client: Redis;
  /** The term of the server that the connection leads to: see ServerInfo. */
  readonly term: string;
  /** Aborted when the session ends. */
  readonly ended: AbortController;
  /** The number of messages and markers received. */
  received: number;
}

/**
 * The live feed of a gateway. One subscriber connection receives the messages of all the gateway's users.
 *
 * This class handles the connections: it subscribes, reads the log, and detects a lost connection. LiveStream decides
 * which messages are delivered in which order. Reading the log and publishing markers use the append connection, so
 * that a stalled append connection is noticed too.
 */
export class RedisLiveFeed implements LiveFeed {
  readonly #context: Context;
  readonly #appendLink: Link;
  readonly #subscriberLink: Link;
  readonly #stream: LiveStream;
  readonly #subscriptions: Subscriptions;
  readonly #joinBatcher: JoinBatcher;
  readonly #markerChannel: string;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #session: Session | undefined;
  #sessionCount = 0;
  /** The reason why the last attempt to read the log or publish a marker failed. Undefined if it succeeded. */
  #logProblem: string | undefined;
  /** False if the last marker found no log. */
  #hasLog = true;

  constructor(
    context: Context,
    { listener, appendLink }: { readonly listener: LiveListener; readonly appendLink: Link },
  ) {
    this.#context = context;
    this.#appendLink = appendLink;
    const { names, revocations, gathering } = context;
    this.#markerChannel = names.markerChannel(randomUUID());
    this.#subscriptions = new Subscriptions(names.userChannel, [names.publicChannel, this.#markerChannel]);
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
      BUFFER_LIMITS,
    );
    this.#joinBatcher = new JoinBatcher({
      subscriptions: this.#subscriptions,
      connection: () => (this.#stream.isLive ? this.#session?.client : undefined),
      cursorGeneration: () => this.#stream.cursorGeneration,
      readEnd: async () =>
        (
          await this.#attempt(READ, () =>
            runOrUnavailable(appendLink, (client) =>
              revocations.follow(client, () => readHead(client, names)),
            ),
          )
        )?.end,
      onConnectionFailed: (client, reason) => this.#subscriberLink.replace(client, reason),
      problem: () => this.problem(),
      gathering,
    });
    this.#subscriberLink = context.connect({
      role: "live",
      commandTimeoutMs: SUBSCRIBE_TIMEOUT_MS,
      prepare: (client) => this.#startSession(client),
      onDown: () => this.#endSession(),
    });
    this.#running = this.#run();
  }

  join(user: string): Promise<string> {
    if (this.#closing.signal.aborted) return Promise.reject(unavailable(CLOSED));
    return this.#joinBatcher.join(user);
  }

  leave(user: string): void {
    this.#joinBatcher.leave(user);
  }

  problem(): string | undefined {
    const down = this.#subscriberLink.problem() ?? this.#appendLink.problem() ?? this.#logProblem;
    if (down !== undefined) return down;
    if (!this.#hasLog) return "there is no log in Redis";
    return this.#stream.isLive ? undefined : "the live stream is being repaired";
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#endSession();
    await Promise.all([this.#subscriberLink.close(), this.#joinBatcher.close(CLOSED)]);
    await this.#running;
  }

  /** Starts a session on a new connection. The listener is attached before subscribing, so no message is missed. */
  async #startSession(client: Redis): Promise<void> {
    const { term } = await readServer(client);
    this.#session?.ended.abort();
    this.#sessionCount += 1;
    const ended = new AbortController();
    const session: Session = { number: this.#sessionCount, client, term, ended, received: 0 };
    this.#session = session;
    this.#stream.connected();
    client.on("message", (channel: string, payload: string) => {
      if (this.#session === session && !session.ended.signal.aborted)
        this.#receive(session, channel, payload);
    });
    await this.#subscriptions.subscribeAll(client);
  }

  #endSession(): void {
    this.#session?.ended.abort();
    this.#stream.disconnected();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const client = await this.#subscriberLink.ready(signal).catch(() => undefined);
      const session = this.#session;
      if (!client || session?.client !== client) continue;
      await this.#repair(session);
      this.#joinBatcher.process();
      await this.#publishMarkers(session);
    }
  }

  /** Repairs the stream, and retries until the repair succeeds or the session ends. */
  async #repair(session: Session): Promise<void> {
    const { term } = session;
    const { signal } = session.ended;
    const backoff = new Backoff({ minMs: 50, maxMs: 1_000 });
    const started = performance.now();
    while (!signal.aborted) {
      const outcome = await this.#attempt(READ, () =>
        repair({
          names: this.#context.names,
          revocations: this.#context.revocations,
          link: this.#appendLink,
          stream: this.#stream,
          term,
          signal,
        }),
      );
      if (outcome?.kind === "otherServer") return this.#subscriberLink.replace(session.client, OTHER_SERVER);
      if (outcome) {
        const { messages } = outcome;
        const ms = performance.now() - started;
        if (messages !== undefined) this.#context.observe({ type: "repair", messages, ms });
        return;
      }
      await backoff.wait(signal);
    }
  }

  /**
   * Publishes markers until the session ends. After two missing markers, replaces the subscriber connection, which ends
   * the session (L15). A marker that can't be published is a missing marker even if messages arrive, because the server
   * may no longer be the master.
   */
  async #publishMarkers(session: Session): Promise<void> {
    const { signal } = session.ended;
    let missing = 0;
    while (!signal.aborted) {
      const before = session.received;
      const published = await this.#attempt("publish a marker", () =>
        runOrUnavailable(this.#appendLink, (client) =>
          this.#context.revocations.follow(client, () =>
            publishMarker(client, this.#context.names, this.#markerChannel, `${session.number}`),
          ),
        ),
      );
      await sleep(MARKER_INTERVAL_MS, signal);
      missing = published !== undefined && session.received > before ? 0 : missing + 1;
      const reason = (published === undefined ? this.#logProblem : undefined) ?? SILENT;
      if (missing === 2) this.#subscriberLink.replace(session.client, reason);
      this.#joinBatcher.process();
    }
  }

  #receive(session: Session, channel: string, payload: string): void {
    // The process was frozen. A repair reads the revocations before it delivers anything (L26).
    if (this.#stream.isLive && this.#context.revocations.isStale) {
      this.#subscriberLink.replace(session.client, STALE);
      return;
    }
    session.received += 1;
    if (channel === this.#markerChannel) {
      this.#receiveMarker(session, payload);
      return;
    }
    const audience = audienceOf(channel, this.#context.names);
    const published = decodePublished(payload);
    if (audience === undefined || !published) return;
    const { id, body, kind, epoch } = published;
    this.#context.highestId.raise(id);
    const message = kind === undefined ? { id, body } : { id, body, kind };
    this.#stream.receive({ audience, message, epoch });
  }

  #receiveMarker(session: Session, payload: string): void {
    const marker = decodeMarker(payload);
    // Ignore a late marker of an earlier session: the log's end in it may be out of date.
    if (marker?.tag !== `${session.number}`) return;
    if (marker.term !== session.term) {
      this.#subscriberLink.replace(session.client, OTHER_SERVER);
      return;
    }
    this.#hasLog = marker.log !== undefined;
    if (!marker.log) return;
    this.#context.highestId.raise(marker.log.end);
    this.#stream.receiveMarker(marker.log);
  }

  /** Runs `work`. If it fails, resolves with undefined and records in `#logProblem` that it can't `doing`, and why. */
  async #attempt<T>(doing: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      this.#logProblem = undefined;
      return result;
    } catch (error) {
      // A DOMException means that the session ended. The subscriber link reports this itself.
      if (!(error instanceof DOMException)) this.#logProblem = `cannot ${doing}: ${failureReason(error)}`;
      return undefined;
    }
  }
}
