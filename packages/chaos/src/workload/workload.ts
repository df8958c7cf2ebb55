import { setTimeout as delay } from "node:timers/promises";
import { connect, type ParleyClient, ParleyError, type State } from "@parley/client";
import type { House } from "../cluster/cluster.ts";
import { eventually } from "../eventually.ts";
import type { Ledger, Send } from "./ledger.ts";

export interface CrowdOptions {
  readonly clients: number;
  /** How many are wanted. */
  readonly messages: number;
  /** Messages a second, of all clients together, while nothing hinders them and until there are so many. */
  readonly ratePerSecond: number;
  readonly random: () => number;
  /** Begins every content, so that a fault can tell it in the bytes of a link, and every user's name. */
  readonly name: string;
}

/** A client is noticed to be gone, and notices it, within the sum; and it comes back within a second or two. */
export const HEARTBEAT = { everyMs: 2_000, timeoutMs: 1_000 };
const BACKOFF = { baseMs: 100, maxMs: 2_000 };
/** Below half the dedupe window, above the longest outage that a fault makes. */
const SEND_DEADLINE_MS = 150_000;
/** Every fifth user has two clients. */
const CLIENTS_PER_USER = 1.2;
/** Messages that one client may have under way. */
const LANES = 3;
/**
 * Once there are as many messages as were wanted, pauses are so many times as long: a fault that lasts strikes people
 * who talk, and on a slow machine a store that falls behind is not given ever more to read.
 */
const CALMER = 4;

/** A client of the crowd with what it went through. */
interface Person {
  readonly name: string;
  readonly user: string;
  readonly client: ParleyClient;
  readonly phases: { readonly phase: State["phase"]; readonly atMs: number }[];
  /** When the newest of its acknowledged messages was sent. */
  newestAnswered: number;
}

/** SDK clients that talk to each other and in public, through every gateway, and write down what they are told. */
export class Crowd {
  readonly ledger: Ledger;
  readonly #options: CrowdOptions;
  readonly #people: Person[] = [];
  readonly #users: string[];
  #loops: Promise<void>[] = [];
  #stopping = new AbortController();
  readonly #ackMs: { readonly atMs: number; readonly ms: number }[] = [];

  private constructor(ledger: Ledger, options: CrowdOptions) {
    this.ledger = ledger;
    this.#options = options;
    const [users, name] = [Math.ceil(options.clients / CLIENTS_PER_USER), options.name.toLowerCase()];
    this.#users = Array.from({ length: users }, (_, n) => `${name}-u${String(n).padStart(2, "0")}`);
  }

  /** Resolves once every client is live. */
  static async gather(house: House, ledger: Ledger, options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(ledger, options);
    for (let n = 0; n < options.clients; n++) await crowd.#join(house, n);
    await crowd.untilLive();
    return crowd;
  }

  /** All begin to talk. */
  start(): void {
    for (const person of this.#people) {
      for (let lane = 0; lane < LANES; lane++) this.#loops.push(this.#talk(person));
    }
  }

  /** All fall silent; resolves once everything that was sent has its outcome. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  close(): void {
    this.#stopping.abort();
    for (const { client } of this.#people) client.close();
  }

  async untilSent(count: number): Promise<void> {
    const wanted = (): true | undefined => (this.ledger.sends.length >= count ? true : undefined);
    await eventually(`${count} messages to be sent`, wanted, 180_000);
  }

  async untilLive(): Promise<void> {
    const others = () => this.#people.filter(({ client }) => client.state.current.phase !== "live");
    const inVain = () => `every client to be live, but ${others().map(wordsOf).join(", ")}`;
    await eventually(inVain, () => others().length === 0 || undefined);
  }

  /**
   * Resolves, with the ms since then, once every client is live and had an ack for what it sent after that moment.
   * Who had none says something at once: it shall not be their pause that is measured.
   */
  async recovered(sinceMs: number): Promise<number> {
    const silent = () => this.#people.filter(({ newestAnswered }) => newestAnswered <= sinceMs);
    this.#loops.push(
      ...silent().map(async (person) => void (await this.#send(person, this.#somebody(person)))),
    );
    const inVain = () => `an ack for everybody; without one: ${silent().map(wordsOf).join(", ")}`;
    await eventually(inVain, () => silent().length === 0 || undefined, 120_000);
    await this.untilLive();
    return performance.now() - sinceMs;
  }

  /** How long each client that was live then, and has been cut off since, was so: ms until it was live again. */
  outages(sinceMs: number): { readonly noticedMs: number; readonly lastedMs: number }[] {
    return this.#people.flatMap(({ phases }) => {
      const since = phases.filter(({ atMs }) => atMs >= sinceMs);
      const gone = since.find(({ phase }) => phase === "offline" || phase === "connecting");
      const back = gone && since.find(({ phase, atMs }) => phase === "live" && atMs > gone.atMs);
      if (!gone || !back) return [];
      return [{ noticedMs: gone.atMs - sinceMs, lastedMs: back.atMs - gone.atMs }];
    });
  }

  /** How many clients have begun to catch up since then. */
  caughtUp(sinceMs: number): number {
    return this.#people.filter(({ phases }) =>
      phases.some(({ phase, atMs }) => phase === "catching-up" && atMs >= sinceMs),
    ).length;
  }

  /** Of the acks in that time: the latency that one of `1 / (1 - share)` passes, in ms. */
  ackLatency(fromMs: number, toMs: number, share = 0.99): number {
    const all = this.#ackMs.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ ms }) => ms);
    return all.toSorted((a, b) => a - b)[Math.floor(all.length * share)] ?? 0;
  }

  /** A message of every client to somebody, so many bytes long; resolves once all have their outcome. */
  async shout(to: string, bytes: number): Promise<void> {
    await Promise.all(this.#people.map((person) => this.#send(person, to, bytes)));
  }

  async #join(house: House, n: number): Promise<void> {
    const user = this.#users[n % this.#users.length] ?? "nobody";
    const name = `${user}${n < this.#users.length ? "" : "'"}`;
    const token = await house.token(user);
    const client = connect({
      url: house.urls[n % house.urls.length] ?? "",
      historyUrl: house.historyApi.app.url,
      token: () => token,
      WebSocket: inTurn(house.urls, n),
      heartbeat: HEARTBEAT,
      backoff: BACKOFF,
      sendDeadlineMs: SEND_DEADLINE_MS,
      requestTimeoutMs: 5_000,
    });
    const person: Person = { name, user, client, phases: [], newestAnswered: 0 };
    const observation = this.ledger.observer(name, user);
    client.state.subscribe(({ phase }) => {
      person.phases.push({ phase, atMs: performance.now() });
      if (phase === "live" && observation.since === "") observation.since = client.cursor ?? "";
    });
    client.messages.subscribe((message) => void observation.seen.push(message));
    this.#people.push(person);
  }

  async #talk(person: Person): Promise<void> {
    const { signal } = this.#stopping;
    const { clients, messages, ratePerSecond, random } = this.#options;
    const pauseMs = (2 * 1000 * clients * LANES) / ratePerSecond;
    while (!signal.aborted) {
      const calmer = this.ledger.sends.length < messages ? 1 : CALMER;
      await delay(random() * pauseMs * calmer, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#send(person, this.#somebody(person));
    }
  }

  /** Half of all goes to the public room, the rest to the next user or the one after. */
  #somebody({ user }: Person): string {
    const { random } = this.#options;
    if (random() < 0.5) return "";
    const next = this.#users.indexOf(user) + 1 + Math.floor(random() * 2);
    return this.#users[next % this.#users.length] ?? "";
  }

  async #send(person: Person, to: string, padding = 0): Promise<Send> {
    const { ledger, name } = { ledger: this.ledger, name: this.#options.name };
    const content = `${name}#${ledger.sends.length} ${"x".repeat(padding)}`.trimEnd();
    const send = ledger.send(person.name, person.user, to, content);
    const sentMs = performance.now();
    try {
      const { id } = await person.client.send(to, content);
      const atMs = performance.now();
      send.outcome = { kind: "acked", id, atMs };
      person.newestAnswered = Math.max(person.newestAnswered, sentMs);
      this.#ackMs.push({ atMs, ms: atMs - sentMs });
    } catch (error) {
      const { code, mayHaveGoneThrough } =
        error instanceof ParleyError ? error : { code: String(error), mayHaveGoneThrough: true };
      send.outcome = { kind: "failed", code, mayBeThere: mayHaveGoneThrough };
    }
    return send;
  }
}

function wordsOf({ name, client }: Person): string {
  return `${name} (${client.state.current.phase})`;
}

/** A WebSocket that goes to the next address with each connection, as behind a name with several addresses. */
function inTurn(urls: readonly string[], first: number): typeof WebSocket {
  let turn = first;
  return class extends WebSocket {
    constructor(_url: string | URL, protocols?: string | string[]) {
      super(urls[turn++ % urls.length] ?? "", protocols);
    }
  };
}
