import type { Appender } from "../appender.ts";
import type { Bus } from "../bus.ts";
import type { ConsumeOptions, Consumer } from "../consumer.ts";
import type { LiveFeed, LiveListener } from "../live-feed.ts";
import type { LogTail } from "../log-tail.ts";
import type { MarkFeed, MarkListener, MarkQueue, MarkReader } from "../marks.ts";
import type { Revocations } from "../revocations.ts";
import { prepareAppend } from "./append/append-call.ts";
import { RedisAppender } from "./append/redis-appender.ts";
import { checkDurability } from "./connection/durability.ts";
import type { Link } from "./connection/link.ts";
import { RedisConsumer } from "./consume/redis-consumer.ts";
import { type Context, createContext } from "./context.ts";
import { RedisLiveFeed } from "./live/redis-live-feed.ts";
import { RedisMarkFeed } from "./marks/redis-mark-feed.ts";
import { RedisMarkQueue } from "./marks/redis-mark-queue.ts";
import { RedisMarkReader } from "./marks/redis-mark-reader.ts";
import type { RedisBusOptions } from "./options.ts";
import { RedisRevocations } from "./revocations/redis-revocations.ts";
import { RedisLogTail } from "./tail/redis-log-tail.ts";

/** The bus on one Redis: a stream, a consumer group and Pub/Sub. Connects only for the roles that are requested. */
export class RedisBus implements Bus {
  readonly #context: Context;
  readonly #closers: (() => Promise<void>)[] = [];
  #appendLink: Link | undefined;

  /** A test may pass another context, for instance one with the names of an earlier version. */
  constructor(options: RedisBusOptions, context = createContext(options)) {
    this.#context = context;
  }

  append(): Appender {
    const { config, observe } = this.#context;
    const { backlogMaxEntries: backlogEntries, backlogMaxBytes: backlogBytes, dedupeMaxRefs: refs } = config;
    observe({ type: "limits", backlogEntries, backlogBytes, refs });
    return this.#closeLater(new RedisAppender(this.#context, this.#sharedLink()));
  }

  /** The live feed publishes its markers on the connection that appends (L15). */
  live(listener: LiveListener): LiveFeed {
    return this.#closeLater(new RedisLiveFeed(this.#context, { listener, appendLink: this.#sharedLink() }));
  }

  consume(options: ConsumeOptions): Consumer {
    return this.#closeLater(new RedisConsumer(this.#context, options));
  }

  tail(): LogTail {
    return this.#closeLater(new RedisLogTail(this.#context));
  }

  /** Uses the connection that appends, if the role `append` was requested before. */
  revocations(): Revocations {
    return this.#closeLater(new RedisRevocations(this.#context, this.#appendLink ?? this.#revocationLink()));
  }

  raiseMarks(listener: MarkListener): MarkFeed {
    return this.#closeLater(new RedisMarkFeed(this.#context, listener));
  }

  storeMarks(): MarkQueue {
    return this.#closeLater(new RedisMarkQueue(this.#context));
  }

  findMarks(): MarkReader {
    return this.#closeLater(new RedisMarkReader(this.#context));
  }

  /** Closes roles and connections in reverse order of creation, so that a connection outlives the roles that use it. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.#context.close();
  }

  /** The connection that the appender and the live feed of a gateway share. */
  #sharedLink(): Link {
    if (!this.#appendLink) {
      const { config, observe } = this.#context;
      this.#appendLink = this.#closeLater(
        this.#context.connect({
          role: "append",
          commandTimeoutMs: config.appendTimeoutMs,
          prepare: async (client) => {
            await checkDurability(client, config, observe);
            await prepareAppend(client);
          },
        }),
      );
    }
    return this.#appendLink;
  }

  #revocationLink(): Link {
    const { appendTimeoutMs } = this.#context.config;
    const link = this.#context.connect({ role: "revocations", commandTimeoutMs: appendTimeoutMs });
    return this.#closeLater(link);
  }

  #closeLater<T extends { close(): Promise<void> }>(role: T): T {
    this.#closers.push(() => role.close());
    return role;
  }
}
