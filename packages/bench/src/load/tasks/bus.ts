import type { Appended, Appender, LiveFeed } from "@parley/bus";
import { RedisBus } from "@parley/bus/redis";
import type { Draft } from "@parley/models";
import { pace } from "../pace.ts";
import { stampedContent, steadyMicros } from "../stamp.ts";
import { type WaitLimits, waitUntilDone } from "../wait.ts";
import { serve } from "./serve.ts";

/** Tasks of a load process with gateways that consist of their bus only: they append, and hear their users' messages. */
export type BusTasks = typeof tasks;

/** The result of one run of `paced`, for the gateways of this process. */
export interface PacedResult {
  readonly acked: number;
  readonly refused: number;
  /** Messages that the gateways heard: one for each user of theirs whom a message concerns. */
  readonly heard: number;
  /** Calls to the log. */
  readonly calls: number;
  /** Latencies of all messages, each from when it was due until its append was answered, in µs. */
  readonly latencies: readonly number[];
  readonly firstDueAt: number;
  readonly lastAt: number;
}

interface PacedOptions {
  readonly perSecond: number;
  readonly count: number;
  readonly bytes: number;
  readonly limits: WaitLimits;
}

/** A user of a gateway, and the user to whom it writes. */
export interface BusUser {
  readonly name: string;
  readonly partner: string;
}

interface Gateway {
  readonly appender: Appender;
  /** Missing if the gateway hears nothing. */
  readonly feed?: LiveFeed;
  readonly users: readonly BusUser[];
}

/** No run reaches these bounds, as in the other scenarios. */
const BOUNDS = { dedupeMaxRefs: 100_000_000, backlogMaxEntries: 100_000_000, backlogMaxBytes: 2 ** 34 };
const READY_LIMITS = { quietMs: 20_000, maxMs: 20_000 };

let gateways: Gateway[] = [];
let [heard, calls, refs] = [0, 0, 0];

interface OpenOptions {
  readonly url: string;
  /** The users of each gateway. */
  readonly users: readonly (readonly BusUser[])[];
  /** True if the gateways hear the messages of their users. */
  readonly hears: boolean;
}

function openGateway({ url, hears }: OpenOptions, users: readonly BusUser[]): Gateway {
  const bus = new RedisBus({
    ...{ url, ...BOUNDS },
    observe(event) {
      if (event.type === "append") calls += 1;
    },
  });
  const listener = {
    message() {
      heard += 1;
    },
    gap: () => undefined,
  };
  return { appender: bus.append(), users, ...(hears && { feed: bus.live(listener) }) };
}

/** Builds a draft with a ref of its own, because a repeated ref would make it a retry (P10). */
function draftOf({ name, partner }: BusUser, content: string): Draft {
  refs += 1;
  return { from: name, to: partner, content, ref: `${process.pid.toString(36)}-${refs}` };
}

const isRefused = (appended: Appended): boolean => !appended.ok;

const tasks = {
  /** Opens one gateway for each list of users, and waits until all can append and hear their users' messages. */
  async open(options: OpenOptions) {
    gateways = options.users.map((own) => openGateway(options, own));
    const problems = () =>
      gateways.flatMap(({ appender, feed }) => appender.problem() ?? feed?.problem() ?? []);
    await waitUntilDone(
      () => problems().length === 0,
      () => 0,
      READY_LIMITS,
    );
    if (problems().length > 0) throw new Error(`a gateway's bus is not ready: ${problems()[0]}`);
    await Promise.all(gateways.flatMap(({ feed, users }) => users.map(({ name }) => feed?.join(name))));
  },

  /**
   * Open loop: appends `count` private messages, through the gateways in turn, each when it is due. The users get as
   * many messages from their partners as they send, so the gateways of this process hear twice `count`.
   */
  async paced({ perSecond, count, bytes, limits }: PacedOptions): Promise<PacedResult> {
    [heard, calls] = [0, 0];
    const latencies: number[] = [];
    let [refused, lastAt] = [0, 0];
    const append = async ({ appender, users }: Gateway, turn: number, dueAt: number) => {
      const user = users[turn % users.length];
      if (!user) return;
      const results = await appender.append([draftOf(user, stampedContent(dueAt, bytes, "private"))]);
      refused += results.filter(isRefused).length;
      lastAt = steadyMicros();
      latencies.push(lastAt - dueAt);
    };
    const firstDueAt = await pace(
      { perSecond, count },
      (n, dueAt) => {
        const gateway = gateways[n % gateways.length];
        if (gateway) void append(gateway, Math.floor(n / gateways.length), dueAt);
      },
      () => undefined,
    );
    await waitUntilDone(
      () => latencies.length >= count && heard >= 2 * count,
      () => latencies.length + heard,
      limits,
    );
    return { acked: latencies.length - refused, refused, heard, calls, latencies, firstDueAt, lastAt };
  },

  /**
   * Closed loop: each gateway makes calls of `drafts` private messages, one call at a time, for `ms`. Resolves with the
   * time of each call, in µs.
   */
  async oneAtATime({ drafts, bytes, ms }: { drafts: number; bytes: number; ms: number }): Promise<number[]> {
    const content = "x".repeat(bytes);
    const endsAt = performance.now() + ms;
    const times: number[] = [];
    const caller = async ({ appender, users }: Gateway) => {
      for (let turn = 0; performance.now() < endsAt; ) {
        const from = Array.from({ length: drafts }, () => users[turn++ % users.length]);
        const startedAt = steadyMicros();
        const results = await appender.append(from.flatMap((user) => (user ? draftOf(user, content) : [])));
        times.push(steadyMicros() - startedAt);
        if (results.some(isRefused)) throw new Error("a call was refused");
      }
    };
    await Promise.all(gateways.map(caller));
    return times;
  },
};

serve(tasks);
