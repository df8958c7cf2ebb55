import { sleep } from "@parley/async";
import type { Target } from "../target/target.ts";
import { Samples } from "./samples.ts";
import { User } from "./user.ts";

export interface UsersOptions {
  readonly readsHistory: boolean;
  /** Adds a user whose link carries this many bytes per second. This user only reads. */
  readonly slowLink?: number | undefined;
}

/** Mean pause of one user between two messages, two history pages, or two connections, in ms. */
const PAUSE_MS = { send: 50, page: 100, connect: 1_500 };
/** Each pause is up to this fraction shorter or longer, so that the users don't fall into step with other timers. */
const JITTER = 0.3;

/** The users that an attack must not harm: two who write to each other, and optionally one who only reads. */
export class Users {
  readonly #readsHistory: boolean;
  readonly #pair: readonly [User, User];
  readonly #all: readonly User[];

  private constructor(pair: readonly [User, User], others: readonly User[], readsHistory: boolean) {
    this.#pair = pair;
    this.#all = [...pair, ...others];
    this.#readsHistory = readsHistory;
  }

  static async connect(target: Target, { readsHistory, slowLink }: UsersOptions): Promise<Users> {
    const samples = new Samples();
    const create = async (name: string, link?: number): Promise<User> => {
      const [gatewayUrl, historyUrl] = [target.gateway.url, target.history.url];
      const options = { name, token: await target.token(name), gatewayUrl, historyUrl, slowLink: link };
      return new User(options, samples);
    };
    const pair = [await create("alice"), await create("bob")] as const;
    const others = slowLink === undefined ? [] : [await create("carol", slowLink)];
    const users = new Users(pair, others, readsHistory);
    const connected = await Promise.all(users.#all.map((user) => user.connect()));
    if (connected.every(Boolean)) return users;
    users.close();
    const reasons = [...samples.refusals.keys()].join(", ");
    throw new Error(`the users could not connect before any attack: ${reasons}`);
  }

  /** Lets the pair write, read and reconnect for `ms`. Resolves with the measurements. */
  async run(ms: number): Promise<Samples> {
    const samples = new Samples();
    for (const user of this.#all) user.record(samples);
    const [one, other] = this.#pair;
    const over = AbortSignal.timeout(ms);
    await Promise.all([this.#live(one, other.name, over), this.#live(other, one.name, over)]);
    await Promise.all(this.#all.map((user) => user.settle()));
    return samples;
  }

  close(): void {
    for (const user of this.#all) user.close();
  }

  async #live(user: User, peer: string, over: AbortSignal): Promise<void> {
    await Promise.all([
      repeat(PAUSE_MS.send, over, async () => user.send(peer)),
      ...(this.#readsHistory ? [repeat(PAUSE_MS.page, over, () => user.readPage(peer))] : []),
      repeat(PAUSE_MS.connect, over, async () => void (await user.connect())),
    ]);
  }
}

/** Repeats work until `over` is aborted, at a mean rate that doesn't depend on the duration of the work. */
async function repeat(everyMs: number, over: AbortSignal, work: () => Promise<void>): Promise<void> {
  let dueAt = performance.now();
  for (;;) {
    dueAt =
      Math.max(dueAt, performance.now() - everyMs) + everyMs * (1 - JITTER + 2 * JITTER * Math.random());
    await sleep(Math.max(0, dueAt - performance.now()), over);
    if (over.aborted) return;
    await work();
  }
}
