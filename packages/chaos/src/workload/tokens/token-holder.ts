import { sleep } from "@parley/async";
import type { Service } from "../../checker/revoked.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Ledger, Send } from "../ledger.ts";
import { type Entrance, entrancesOf } from "./entrances.ts";
import { HeldConnection } from "./held-connection.ts";

/** Time between two attempts at one entrance. The second doesn't wait for an answer to the first. */
const ATTEMPT_EVERY_MS = 800;
/** The most attempts without an answer at one entrance, so that a slow store isn't flooded. */
const MAX_PENDING = 8;
const ACCEPTED: ReadonlySet<number> = new Set([101, 200]);
/** For the feed. Every other request works without a scope. */
const SCOPES = ["history:all"];

/** An attempt that a process refused, by its status. */
export interface Refusal {
  readonly process: string;
  readonly status: number;
  /** When the attempt began. */
  readonly atMs: number;
}

/**
 * Uses a token in every way at every process that checks tokens: holds a connection at each gateway, requests new ones, and
 * sends requests.
 */
export class TokenHolder {
  readonly user: string;
  /** Everything that the token brought. */
  readonly services: Service[] = [];
  readonly refusals: Refusal[] = [];
  connections: readonly HeldConnection[] = [];
  readonly #cluster: Cluster;
  readonly #token: string;
  readonly #entrances: readonly Entrance[];
  readonly #ledger: Ledger;
  #attempts = 0;

  private constructor(cluster: Cluster, ledger: Ledger, user: string, token: string) {
    this.user = user;
    this.#cluster = cluster;
    this.#token = token;
    this.#ledger = ledger;
    this.#entrances = entrancesOf(cluster, peerOf(user));
  }

  /** Opens a connection at each gateway. */
  static async open(cluster: Cluster, ledger: Ledger, user: string): Promise<TokenHolder> {
    const token = await cluster.token(user, SCOPES);
    const holder = new TokenHolder(cluster, ledger, user, token);
    const onService = (service: Service) => void holder.services.push(service);
    const options = { token, user, to: peerOf(user), ledger, onService };
    holder.connections = await Promise.all(
      cluster.urls.map((url, n) => HeldConnection.open({ ...options, url, process: `gateway ${n}` })),
    );
    return holder;
  }

  /** The names of the processes that check tokens. */
  get processes(): readonly string[] {
    return [...new Set(this.#entrances.map(({ process }) => process))];
  }

  /** Tells if a process has served the user between two times. */
  isServedBy(name: string, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY): boolean {
    return this.services.some(({ process, atMs }) => process === name && atMs > sinceMs && atMs < untilMs);
  }

  /** Tells if a process has refused an attempt that began after a time, with this status. */
  isRefusedBy(name: string, expected: number, sinceMs: number): boolean {
    return this.refusals.some(
      ({ process, status, atMs }) => process === name && status === expected && atMs > sinceMs,
    );
  }

  /** Goes on until `stop` is aborted. Then resolves once each attempt has its answer. */
  async run(stop: AbortSignal): Promise<void> {
    await Promise.all([
      ...this.connections.map((connection) => connection.run(stop)),
      ...this.#entrances.map((entrance) => this.#tryAgain(entrance, stop)),
    ]);
    this.close();
  }

  /** Requests each process once with a new token. Resolves with the statuses, 0 where there was no answer. */
  async statusesWithNewToken(): Promise<readonly number[]> {
    const token = await this.#cluster.token(this.user, SCOPES);
    return Promise.all(
      this.#entrances
        .filter(({ sendsTo, waits }) => sendsTo === undefined && !waits)
        .map(async ({ attempt }) => (await attempt(token, undefined).catch(() => ({ status: 0 }))).status),
    );
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }

  async #tryAgain(entrance: Entrance, stop: AbortSignal): Promise<void> {
    const pending = new Set<Promise<void>>();
    while (!stop.aborted) {
      if (pending.size < MAX_PENDING) {
        const attempt = this.#try(entrance).finally(() => pending.delete(attempt));
        pending.add(attempt);
      }
      await sleep(ATTEMPT_EVERY_MS, stop);
    }
    await Promise.all(pending);
  }

  async #try({ process, what, sendsTo, waits, attempt }: Entrance): Promise<void> {
    const atMs = performance.now();
    const send = sendsTo === undefined ? undefined : this.#addSend(process, sendsTo);
    const { status, id } = await attempt(this.#token, send).catch(() => ({ status: 0, id: undefined }));
    if (send && id !== undefined) send.outcome = { kind: "acked", id, atMs: performance.now() };
    else if (send) send.outcome = { kind: "failed", code: `${status}`, mayBeThere: true };
    if (waits && id !== undefined) this.services.push({ process, what, atMs: performance.now(), id });
    else if (!waits && ACCEPTED.has(status)) this.services.push({ process, what, atMs });
    else if (status >= 400) this.refusals.push({ process, status, atMs });
  }

  /** Each attempt is a client of its own, because attempts overtake each other. */
  #addSend(process: string, to: string): Send {
    const client = `${this.user} at ${process} by request ${this.#attempts++}`;
    return this.#ledger.addSend(client, this.user, to, client);
  }
}

function peerOf(user: string): string {
  return `${user}-peer`;
}
