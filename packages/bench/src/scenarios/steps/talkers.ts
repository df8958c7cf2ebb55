import { type Load, startLoad } from "../../load/load.ts";
import { strideFor } from "../../load/samples.ts";
import type { Talked, TalkTasks } from "../../load/tasks/talk.ts";
import { CONTENT_BYTES } from "../../runner/plan.ts";
import type { Figures } from "../../runner/scenario.ts";
import type { RunningSubject } from "../../targets/target.ts";
import { latencyFigures } from "./room.ts";

/** As in a room. */
const PATIENCE = { quietMs: 3_000, mostMs: 6_000 };
/** Users with even numbers and users with odd ones: each writes to the next, so into the other process. */
const PROCESSES = 2;

/** Users who write to each other, in processes of their own. */
export class Talkers {
  readonly #loads: readonly Load<TalkTasks>[];

  private constructor(loads: readonly Load<TalkTasks>[]) {
    this.#loads = loads;
  }

  /** `users`: an even number. */
  static async connect({ target, tokens }: RunningSubject, users: number): Promise<Talkers> {
    const loads = Array.from({ length: PROCESSES }, () => startLoad<TalkTasks>("talk"));
    const talkers = new Talkers(loads);
    try {
      const all = (await tokens(users, "user")).map((token, index) => ({
        token,
        partner: `user-${(index + 1) % users}`,
      }));
      for (const [place, load] of loads.entries()) {
        const mine = all.filter((_, index) => index % PROCESSES === place);
        await load.call("connect", {
          target,
          tokens: mine.map(({ token }) => token),
          partners: mine.map(({ partner }) => partner),
        });
      }
      return talkers;
    } catch (error) {
      talkers.stop();
      throw error;
    }
  }

  get loadPids(): readonly number[] {
    return this.#loads.map(({ pid }) => pid);
  }

  /** `rate` private messages a second. */
  async talk({ rate, ms }: { readonly rate: number; readonly ms: number }): Promise<Figures> {
    const perSecond = rate / PROCESSES;
    const count = Math.max(1, Math.round((perSecond * ms) / 1000));
    const asked = {
      perSecond,
      count,
      bytes: CONTENT_BYTES,
      stride: strideFor(2 * count),
      patience: PATIENCE,
    };
    return figuresOf(await Promise.all(this.#loads.map((load) => load.call("talk", asked))));
  }

  stop(): void {
    for (const load of this.#loads) load.stop();
  }
}

function figuresOf(talked: readonly Talked[]): Figures {
  const sum = (of: (one: Talked) => number): number => talked.reduce((total, one) => total + of(one), 0);
  const firstDueAt = Math.min(...talked.map((one) => one.firstDueAt));
  const lastAt = Math.max(...talked.map((one) => one.lastAt));
  const received = sum((one) => one.received);
  const expected = 2 * (sum((one) => one.sent) - sum((one) => one.refused));
  return {
    /** Each comes to its recipient and back to its sender. */
    messages: received / 2,
    rate: received / 2 / ((lastAt - firstDueAt) / 1_000_000),
    ...latencyFigures(talked.flatMap((one) => one.latencies)),
    lost: Math.max(0, expected - received),
    refused: sum((one) => one.refused),
  };
}
