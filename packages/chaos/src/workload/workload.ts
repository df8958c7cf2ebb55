import { sleep } from "@parley/async";
import { connect, type ParleyClient, ParleyError, type State } from "@parley/client";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../eventually.ts";
import type { Ledger, Send } from "./ledger.ts";

export interface WorkloadOptions {
  readonly clients: number;
  /** Number of messages after which the clients slow down. */
  readonly messages: number;
  /**
   * Messages per second of all clients together, until `messages` are sent and as long as nothing delays the clients.
   */
  readonly ratePerSecond: number;
  /** True to keep this rate after `messages` are sent. */
  readonly isSteady: boolean;
  readonly random: () => number;
  /** Prefix of every content and user name, so that a fault can recognize messages in the bytes of a link. */
  readonly name: string;
}

/** Client and gateway notice a dead connection within the sum of both times. */
export const HEARTBEAT = { everyMs: 2_000, timeoutMs: 1_000 };
const BACKOFF = { baseMs: 100, maxMs: 2_000 };
/** Less than half the dedupe window, but more than the longest outage of a fault. */
const SEND_DEADLINE_MS = 150_000;
/** Every fifth user has two clients. */
const CLIENTS_PER_USER = 1.2;
const MAX_IN_FLIGHT_PER_CLIENT = 3;
/**
 * Once `messages` are sent, pauses are this many times longer. So a long fault still meets active clients, but the
 * conversations don't grow faster than a slow store can read them.
 */
const SLOWDOWN = 4;

/** A client of the workload and its record. */
interface Participant {
  readonly name: string;
  readonly user: string;
  readonly client: ParleyClient;
  readonly phases: { readonly phase: State["phase"]; readonly atMs: number }[];
  /** Time at which the client sent its newest acknowledged message. */
  lastAckedSendMs: number;
}

/**
 * SDK clients that send messages to each other and to the public room through every gateway, and record the
 * results.
 */
export class Workload {
  readonly ledger: Ledger;
  readonly #options: WorkloadOptions;
  readonly #participants: Participant[] = [];
  readonly #users: string[];
  #loops: Promise<void>[] = [];
  #stopping = new AbortController();
  readonly #ackLatencies: { readonly atMs: number; readonly ms: number }[] = [];

  private constructor(ledger: Ledger, options: WorkloadOptions) {
    this.ledger = ledger;
    this.#options = options;
    const [users, name] = [Math.ceil(options.clients / CLIENTS_PER_USER), options.name.toLowerCase()];
    this.#users = Array.from({ length: users }, (_, n) => `${name}-u${String(n).padStart(2, "0")}`);
  }

  /** Connects the clients and resolves once all are live. They send nothing before `start`. */
  static async connect(cluster: Cluster, ledger: Ledger, options: WorkloadOptions): Promise<Workload> {
    const workload = new Workload(ledger, options);
    for (let n = 0; n < options.clients; n++) await workload.#addParticipant(cluster, n);
    await workload.untilLive();
    return workload;
  }

  /** Starts sending. */
  start(): void {
    for (const participant of this.#participants) {
      for (let n = 0; n < MAX_IN_FLIGHT_PER_CLIENT; n++) this.#loops.push(this.#sendLoop(participant));
    }
  }

  /** Stops sending. Resolves once every send has its outcome. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  close(): void {
    this.#stopping.abort();
    for (const { client } of this.#participants) client.close();
  }

  async untilSent(count: number): Promise<void> {
    await eventually(() => this.ledger.sends.length >= count, `${count} messages to be sent`, 180_000);
  }

  async untilLive(): Promise<void> {
    const others = () => this.#participants.filter(({ client }) => client.state.current.phase !== "live");
    const what = () => `every client to be live; not live: ${others().map(describe).join(", ")}`;
    await eventually(() => others().length === 0, what);
  }

  /**
   * Waits until every client is live and has an ack for a message that it sent after `sinceMs`. Resolves with the
   * milliseconds since `sinceMs`.
   *
   * Clients without such an ack send a message at once, so that the time doesn't include their pauses. Rejects after
   * `timeoutMs`.
   */
  async untilRecovered(sinceMs: number, timeoutMs = 120_000): Promise<number> {
    const waiting = () => this.#participants.filter(({ lastAckedSendMs }) => lastAckedSendMs <= sinceMs);
    this.#loops.push(
      ...waiting().map(async (each) => void (await this.#send(each, this.#recipientFor(each)))),
    );
    const what = () => `an ack for every client; without one: ${waiting().map(describe).join(", ")}`;
    await eventually(() => waiting().length === 0, what, timeoutMs);
    await this.untilLive();
    return performance.now() - sinceMs;
  }

  /**
   * Returns the first outage after `sinceMs` of each client that is back: the time until it was noticed, and its
   * duration.
   */
  outages(sinceMs: number): { readonly noticedMs: number; readonly lastedMs: number }[] {
    return this.#participants.flatMap(({ phases }) => {
      const since = phases.filter(({ atMs }) => atMs >= sinceMs);
      const gone = since.find(({ phase }) => phase === "offline" || phase === "connecting");
      const back = gone && since.find(({ phase, atMs }) => phase === "live" && atMs > gone.atMs);
      if (!gone || !back) return [];
      return [{ noticedMs: gone.atMs - sinceMs, lastedMs: back.atMs - gone.atMs }];
    });
  }

  /** Returns the number of clients that have started to catch up since `sinceMs`. */
  countCatchUps(sinceMs: number): number {
    return this.#participants.filter(({ phases }) =>
      phases.some(({ phase, atMs }) => phase === "catching-up" && atMs >= sinceMs),
    ).length;
  }

  /**
   * Returns a percentile of the ack latency in ms, over the acks that arrived from `fromMs` to `toMs`. A `share` of
   * 0.99 is the 99th percentile.
   */
  ackLatency(fromMs: number, toMs: number, share = 0.99): number {
    const all = this.#ackLatencies.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ ms }) => ms);
    return all.toSorted((a, b) => a - b)[Math.floor(all.length * share)] ?? 0;
  }

  /** Sends a message of about `bytes` bytes from every client. Resolves once all have their outcome. */
  async sendFromAll(to: string, bytes: number): Promise<void> {
    await Promise.all(this.#participants.map((participant) => this.#send(participant, to, bytes)));
  }

  async #addParticipant(cluster: Cluster, n: number): Promise<void> {
    const user = this.#users[n % this.#users.length] ?? "nobody";
    const name = `${user}${n < this.#users.length ? "" : "'"}`;
    const token = await cluster.token(user);
    const client = connect({
      url: cluster.urls[n % cluster.urls.length] ?? "",
      historyUrl: (cluster.historyApis[n % cluster.historyApis.length] ?? cluster.historyApi).app.url,
      token: () => token,
      WebSocket: rotatingWebSocket(cluster.urls, n),
      heartbeat: HEARTBEAT,
      backoff: BACKOFF,
      sendDeadlineMs: SEND_DEADLINE_MS,
      requestTimeoutMs: 5_000,
    });
    const participant: Participant = { name, user, client, phases: [], lastAckedSendMs: 0 };
    const observation = this.ledger.addObserver(name, user);
    client.state.subscribe(({ phase }) => {
      participant.phases.push({ phase, atMs: performance.now() });
      if (phase === "live" && observation.since === "") observation.since = client.cursor ?? "";
    });
    client.messages.subscribe((message) => void observation.seen.push(message));
    this.#participants.push(participant);
  }

  async #sendLoop(participant: Participant): Promise<void> {
    const { signal } = this.#stopping;
    const { clients, messages, ratePerSecond, isSteady, random } = this.#options;
    const pauseMs = (2 * 1000 * clients * MAX_IN_FLIGHT_PER_CLIENT) / ratePerSecond;
    while (!signal.aborted) {
      const slowdown = isSteady || this.ledger.sends.length < messages ? 1 : SLOWDOWN;
      await sleep(random() * pauseMs * slowdown, signal);
      if (!signal.aborted) await this.#send(participant, this.#recipientFor(participant));
    }
  }

  /** Chooses the public room for half of all messages, otherwise one of the next two users. */
  #recipientFor({ user }: Participant): string {
    const { random } = this.#options;
    if (random() < 0.5) return "";
    const next = this.#users.indexOf(user) + 1 + Math.floor(random() * 2);
    return this.#users[next % this.#users.length] ?? "";
  }

  async #send(participant: Participant, to: string, padding = 0): Promise<Send> {
    const content = `${this.#options.name}#${this.ledger.sends.length} ${"x".repeat(padding)}`.trimEnd();
    const send = this.ledger.addSend(participant.name, participant.user, to, content);
    const sentMs = performance.now();
    try {
      const { id } = await participant.client.send(to, content);
      const atMs = performance.now();
      send.outcome = { kind: "acked", id, atMs };
      participant.lastAckedSendMs = Math.max(participant.lastAckedSendMs, sentMs);
      this.#ackLatencies.push({ atMs, ms: atMs - sentMs });
    } catch (error) {
      const { code, mayHaveGoneThrough } =
        error instanceof ParleyError ? error : { code: String(error), mayHaveGoneThrough: true };
      send.outcome = { kind: "failed", code, mayBeThere: mayHaveGoneThrough };
    }
    return send;
  }
}

function describe({ name, client }: Participant): string {
  return `${name} (${client.state.current.phase})`;
}

/** A WebSocket class that uses the next address for each connection, like a DNS name with several addresses. */
function rotatingWebSocket(urls: readonly string[], first: number): typeof WebSocket {
  let turn = first;
  return class extends WebSocket {
    constructor(_url: string | URL, protocols?: string | string[]) {
      super(urls[turn++ % urls.length] ?? "", protocols);
    }
  };
}
