import { inBackground, sleep, until } from "@parley/async";
import {
  type LocalServer,
  redisCommand,
  type SentinelGroup,
  ServerUnavailable,
  startSentinelGroup,
} from "@parley/local";
import { type LogMessage, ORIGIN } from "@parley/models";
import { Redis } from "ioredis";
import type { Appender } from "../../appender.ts";
import type { Consumer } from "../../consumer.ts";
import type { BusEvent } from "../../events.ts";
import type { LiveFeed } from "../../live-feed.ts";
import type { LogTail } from "../../log-tail.ts";
import { messageOf } from "../../test/entries.ts";
import { idUpTo } from "../format/stream-id.ts";
import type { RedisBusOptions } from "../options.ts";
import { RedisBus } from "../redis-bus.ts";
import { LOG } from "./names.ts";

/**
 * Starts Redis servers with Sentinels. If this machine has no Redis, prints a line and returns undefined, or throws if
 * `CI` is set.
 */
export async function startGroup(): Promise<SentinelGroup | undefined> {
  return await startSentinelGroup().catch((error: unknown) => {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs Redis: ${error.message}\n\n`);
    return undefined;
  });
}

/** The roles of a gateway, a persister and a history-api. They run until `close`. */
export interface RunningRoles {
  readonly append: Appender;
  readonly live: LiveFeed;
  readonly consume: Consumer;
  readonly tail: LogTail;
  readonly events: readonly BusEvent[];
  /** The ids that were delivered live. */
  readonly heard: readonly string[];
  /** The gaps in the live stream: for each, the number of messages delivered before it, and its cursor. */
  readonly gaps: readonly { readonly after: number; readonly cursor: string }[];
  /** The store: the messages that the persister consumed, by id. */
  readonly stored: ReadonlyMap<string, LogMessage>;
  /** Waits until no role has a problem. */
  ready(): Promise<true>;
  close(): Promise<void>;
}

/** Opens the buses of the three apps and starts their roles. */
export async function runRoles(options: RedisBusOptions): Promise<RunningRoles> {
  const events: BusEvent[] = [];
  const observe = (event: BusEvent) => events.push(event);
  const [gateway, persister, history] = [1, 2, 3].map(() => new RedisBus({ ...options, observe })) as [
    RedisBus,
    RedisBus,
    RedisBus,
  ];
  const stored = new Map<string, LogMessage>();
  const heard: string[] = [];
  const gaps: { after: number; cursor: string }[] = [];
  const lastStored = async () => [...stored.keys()].sort().at(-1) ?? ORIGIN;
  const consume = persister.consume({ lastStored });
  const append = gateway.append();
  const live = gateway.live({
    message: (_audience, { id }) => heard.push(id),
    gap: (cursor) => gaps.push({ after: heard.length, cursor }),
  });
  const tail = history.tail();
  const ending = new AbortController();
  const persisting = inBackground(
    Promise.all([store(consume, stored, ending.signal), trim(consume, ending.signal)]),
  );
  const roles = [append, live, consume, tail];
  return {
    append,
    live,
    consume,
    tail,
    events,
    heard,
    gaps,
    stored,
    ready: () => until(() => roles.every((role) => !role.problem()), "all roles are ready", 30_000),
    async close() {
      ending.abort();
      await persisting;
      await Promise.all([gateway, persister, history].map((bus) => bus.close()));
    },
  };
}

/** Stores and settles messages, as a persister does. */
async function store(consume: Consumer, stored: Map<string, LogMessage>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const consumed = await consume.next(signal);
    for (const message of consumed.map(messageOf)) stored.set(message.id, message);
    const settled = consumed.map(({ entry }) => ({ entry, outcome: { kind: "stored" } as const }));
    // If this fails, the messages are delivered again.
    await consume.settle(settled).catch(() => undefined);
  }
}

async function trim(consume: Consumer, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await consume.trim().catch(() => undefined);
    await sleep(200, signal);
  }
}

/** Senders that work as clients do: each sends one message at a time and retries it until it is acknowledged (P31). */
export class Senders {
  /** The ids of acknowledged messages by ref, in the order of the acks. */
  readonly acked = new Map<string, string>();
  readonly #append: Appender;
  readonly #done: Promise<unknown>;
  #ending = false;

  constructor(append: Appender, count = 8) {
    this.#append = append;
    this.#done = inBackground(Promise.all(Array.from({ length: count }, (_, sender) => this.#send(sender))));
  }

  /** Waits until `count` more messages are acknowledged. */
  async moreAcked(count: number): Promise<void> {
    const enough = this.acked.size + count;
    await until(() => this.acked.size >= enough, `${count} more are acknowledged`, 30_000);
  }

  async end(): Promise<void> {
    this.#ending = true;
    await this.#done;
  }

  async #send(sender: number): Promise<void> {
    for (let n = 0; !this.#ending; n += 1) {
      const ref = `${sender}-${n}`;
      while (!(await this.#sent(ref))) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #sent(ref: string): Promise<boolean> {
    const [result] = await this.#append.append([{ from: "alice", to: "", content: ref, ref }]);
    if (result?.ok) this.acked.set(ref, result.id);
    return result?.ok === true;
  }
}

/** Returns the id and ref of each entry in the log of a server. */
export async function logOf(server: LocalServer): Promise<{ readonly id: string; readonly ref: string }[]> {
  return await asked(server, async (redis) =>
    (await redis.xrange(LOG, "-", "+")).map(([id, fields]) => ({ id: idUpTo(id), ref: fields[5] ?? "" })),
  );
}

/** Runs `question` on a new connection to a server, and then closes the connection. */
export async function asked<T>(server: LocalServer, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

/** Returns the names of the roles that are connected to a server, sorted and without duplicates. */
export async function rolesOn(server: LocalServer): Promise<string[]> {
  const list = await redisCommand(server.port, "CLIENT", "LIST");
  return [...new Set([...list.matchAll(/ name=parley-(\S+)/g)].map(([, role]) => role ?? ""))].sort();
}

/** Waits until the Sentinels name another master than `from`, and returns the new master. */
export async function failedOver(group: SentinelGroup, from: LocalServer): Promise<LocalServer> {
  await until(
    async () => (await group.master().catch(() => from)) !== from,
    "another master is named",
    30_000,
  );
  return await group.master();
}
