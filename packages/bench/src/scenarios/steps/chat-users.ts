import { type Load, startLoad } from "../../load/load.ts";
import { strideFor } from "../../load/samples.ts";
import type { ChatResult, ChatTasks } from "../../load/tasks/chat.ts";
import { CONTENT_BYTES } from "../../runner/plan.ts";
import type { Figures } from "../../runner/scenario.ts";
import type { RunningTarget } from "../../targets/target.ts";
import { latencyFigures } from "./probe.ts";

/** Limits for waiting for the last messages. `maxMs` is higher than for a room. */
const ANSWER_LIMITS = { quietMs: 3_000, maxMs: 6_000 };
/**
 * Number of load processes: one for users with even numbers, one for users with odd numbers. Each user writes to the
 * next one, who is connected from the other process.
 */
const PROCESSES = 2;

/** Users who write private messages to each other, connected from separate load processes. */
export class ChatUsers {
  readonly #loads: readonly Load<ChatTasks>[];

  private constructor(loads: readonly Load<ChatTasks>[]) {
    this.#loads = loads;
  }

  /** Connects `count` users. `count` must be even. */
  static async connect({ endpoint, tokens }: RunningTarget, count: number): Promise<ChatUsers> {
    const loads = Array.from({ length: PROCESSES }, () => startLoad<ChatTasks>("chat"));
    const users = new ChatUsers(loads);
    try {
      const all = (await tokens(count, "user")).map((token, index) => ({
        token,
        partner: `user-${(index + 1) % count}`,
      }));
      for (const [place, load] of loads.entries()) {
        const own = all.filter((_, index) => index % PROCESSES === place);
        await load.call("connect", {
          endpoint,
          tokens: own.map(({ token }) => token),
          partners: own.map(({ partner }) => partner),
        });
      }
      return users;
    } catch (error) {
      users.stop();
      throw error;
    }
  }

  get loadPids(): readonly number[] {
    return this.#loads.map(({ pid }) => pid);
  }

  /** Sends private messages for `ms`: `rate` a second, from all users together. */
  async chat({ rate, ms }: { readonly rate: number; readonly ms: number }): Promise<Figures> {
    const perSecond = rate / PROCESSES;
    const count = Math.max(1, Math.round((perSecond * ms) / 1000));
    const options = {
      perSecond,
      count,
      bytes: CONTENT_BYTES,
      stride: strideFor(2 * count),
      limits: ANSWER_LIMITS,
    };
    return figuresOf(await Promise.all(this.#loads.map((load) => load.call("chat", options))));
  }

  stop(): void {
    for (const load of this.#loads) load.stop();
  }
}

function figuresOf(results: readonly ChatResult[]): Figures {
  const sum = (of: (one: ChatResult) => number): number => results.reduce((total, one) => total + of(one), 0);
  const firstDueAt = Math.min(...results.map((one) => one.firstDueAt));
  const lastAt = Math.max(...results.map((one) => one.lastAt));
  const received = sum((one) => one.received);
  const expected = 2 * (sum((one) => one.sent) - sum((one) => one.refused));
  return {
    /** Each message is received twice: by its recipient and by its sender. */
    messages: received / 2,
    rate: received / 2 / ((lastAt - firstDueAt) / 1_000_000),
    ...latencyFigures(results.flatMap((one) => one.latencies)),
    lost: Math.max(0, expected - received),
    refused: sum((one) => one.refused),
  };
}
