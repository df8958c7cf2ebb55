import { sleep } from "@parley/async";
import type { Findings } from "../../checker/findings.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { Pacer } from "../../hostile/attacker/pacer.ts";
import type { DeliveryCheck } from "../checks/delivery-check.ts";
import { HistoryReads } from "./history-reads.ts";
import type { Load } from "./load.ts";
import type { Sends } from "./sends.ts";
import { Session } from "./session.ts";

export interface UsersDeps {
  readonly cluster: Cluster;
  readonly load: Load;
  readonly findings: Findings;
  readonly deliveries: DeliveryCheck;
  readonly sends: Sends;
  /** Called with the reason when a connection or a request fails. */
  readonly onFailed: (reason: string) => void;
}

interface User {
  readonly name: string;
  readonly token: string;
  session: Session | undefined;
}

/** Each user writes to the next users and to the ones before: so each conversation gets a page of messages in minutes. */
const PEERS = [-2, -1, 1, 2];
/** One message in this many is sent twice with the same ref, like a retry after a lost ack. */
const COPY_EVERY = 50;
const VISIT_MS = 5_000;
const RETRY_MS = 500;
const EXPIRE_EVERY_MS = 500;
const CONNECT_AT_ONCE = 10;

/** The users of a soak: they send, come and go, and read history at constant rates. */
export class Users {
  readonly #deps: UsersDeps;
  readonly #users: readonly User[];
  readonly #reads: HistoryReads;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Number of connections that were opened or refused. */
  connections = 0;

  private constructor(deps: UsersDeps, users: readonly User[]) {
    this.#deps = deps;
    this.#users = users;
    this.#reads = new HistoryReads(deps);
  }

  /** Connects all users. They do nothing before `start`. */
  static async connect(deps: UsersDeps): Promise<Users> {
    const names = Array.from({ length: deps.load.users }, (_, n) => `soak-${String(n).padStart(3, "0")}`);
    const all = await Promise.all(
      names.map(async (name) => ({ name, token: await deps.cluster.token(name), session: undefined })),
    );
    const users = new Users(deps, all);
    for (let first = 0; first < all.length; first += CONNECT_AT_ONCE)
      await Promise.all(all.slice(first, first + CONNECT_AT_ONCE).map((user) => users.#keepConnected(user)));
    return users;
  }

  /** Number of requests for history that were answered. */
  get reads(): number {
    return this.#reads.answered;
  }

  start(): void {
    const { load, sends } = this.#deps;
    this.#repeat(load.messages, () => this.#send());
    this.#repeat(load.visits, () => this.#track(this.#visit()));
    this.#repeat(load.reads, () => this.#track(this.#read()));
    this.#repeat(1_000 / EXPIRE_EVERY_MS, () => sends.expire());
  }

  /** Stops the load. Connections stay open, so that the last messages can arrive. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  close(): void {
    this.#stopping.abort();
    for (const { session } of this.#users) session?.close();
  }

  #repeat(perSecond: number, work: () => void): void {
    const { signal } = this.#stopping;
    const loop = async (): Promise<void> => {
      const pacer = new Pacer(perSecond, performance.now());
      for (;;) {
        await sleep(pacer.take(performance.now()), signal);
        if (signal.aborted) return;
        work();
      }
    };
    this.#track(loop());
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  #send(): void {
    const { sends, onFailed } = this.#deps;
    const user = pick(this.#users);
    const { session } = user;
    if (!session?.isOpen) {
      onFailed("send: not connected");
      return;
    }
    const copies = sends.sent % COPY_EVERY === 0 ? 2 : 1;
    const { to, content, ref } = sends.create(user.name, this.#peerOf(user).name, copies);
    const frame = JSON.stringify({ to, content, ref });
    for (let copy = 0; copy < copies; copy++) session.send(frame);
  }

  async #visit(): Promise<void> {
    const session = await this.#connect(pick(this.#users)).catch(() => undefined);
    await sleep(VISIT_MS, this.#stopping.signal);
    session?.close();
  }

  async #read(): Promise<void> {
    const user = pick(this.#users);
    await this.#reads.next(user, this.#peerOf(user).name);
  }

  /** Connects a user, and again whenever the connection ends. Resolves once the user is connected. */
  async #keepConnected(user: User): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      user.session = await this.#connect(user).catch(() => undefined);
      if (user.session) break;
      await sleep(RETRY_MS, signal);
    }
    void user.session?.cut.then((code) => {
      this.#deps.onFailed(`connection: closed with ${code}`);
      void this.#keepConnected(user);
    });
  }

  async #connect({ name, token }: User): Promise<Session> {
    const { cluster, deliveries, sends, onFailed } = this.#deps;
    const { gateways } = cluster;
    const gateway = gateways[this.connections++ % gateways.length];
    const url = `${gateway?.app.url.replace("http", "ws")}/ws`;
    try {
      return await Session.open({ url, user: name, token, deliveries, sends });
    } catch (error) {
      onFailed(`connection: ${error instanceof Error ? error.message : error}`);
      throw error;
    }
  }

  #peerOf(user: User): User {
    const { length } = this.#users;
    return this.#users[(this.#users.indexOf(user) + pick(PEERS) + length) % length] ?? user;
  }
}

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new RangeError("there is nothing to pick from");
  return item;
}
