import type { Append } from "../append.ts";
import type { Bus } from "../bus.ts";
import type { Consume } from "../consume.ts";
import type { Live, LiveListener } from "../live.ts";
import type { Tail } from "../tail.ts";
import { prepareAppend } from "./append/append-call.ts";
import { RedisAppend } from "./append/redis-append.ts";
import { checkDurability } from "./connection/durability.ts";
import type { Link } from "./connection/link.ts";
import { RedisConsume } from "./consume/redis-consume.ts";
import { type Context, createContext, type RedisBusOptions } from "./context.ts";
import { RedisLive } from "./live/redis-live.ts";
import { RedisTail } from "./tail/redis-tail.ts";

/** The bus over one Redis: a stream, a consumer group, and Pub/Sub. Connects for the roles that are taken. */
export class RedisBus implements Bus {
  readonly #context: Context;
  readonly #closers: (() => Promise<void>)[] = [];
  #appendLink: Link | undefined;

  constructor(options: RedisBusOptions) {
    this.#context = createContext(options);
  }

  append(): Append {
    return this.#keep(new RedisAppend(this.#context, this.#gatewayLink()));
  }

  /** Its markers go over the connection that appends (L15). */
  live(listener: LiveListener): Live {
    return this.#keep(new RedisLive(this.#context, { listener, appendLink: this.#gatewayLink() }));
  }

  consume(options: { readonly lastStored: () => Promise<string> }): Consume {
    return this.#keep(new RedisConsume(this.#context, options));
  }

  tail(): Tail {
    return this.#keep(new RedisTail(this.#context));
  }

  /** In the reverse order of their making, so that a connection outlives the roles that use it. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.#context.close();
  }

  #gatewayLink(): Link {
    if (!this.#appendLink) {
      const { config, observe } = this.#context;
      this.#appendLink = this.#keep(
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

  #keep<T extends { close(): Promise<void> }>(role: T): T {
    this.#closers.push(() => role.close());
    return role;
  }
}
