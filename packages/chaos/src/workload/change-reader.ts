import { sleep } from "@parley/async";
import type { Message } from "@parley/client";
import type { Cluster } from "../cluster/cluster.ts";
import type { ChangeObservation, Shown } from "./ledger.ts";
import { HEARTBEAT } from "./workload.ts";

const RECONNECT_MS = 200;
const PAGE_SIZE = 200;
const TIMEOUT_MS = 12_000;

/** A live frame of a message or a change (P20, P74). */
interface LiveEntry extends Message {
  readonly type: "message" | "edited" | "deleted";
}

interface SyncPage {
  readonly messages: readonly Message[];
  readonly changes: readonly { readonly change: string; readonly message: Message }[];
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * A client of the bare protocol that misses nothing, changes included: it follows the steps at the end of docs/protocol.md
 * and records what it gets, in the order in which it gets it.
 */
export class ChangeReader {
  readonly #cluster: Cluster;
  readonly #observed: ChangeObservation;
  readonly #stopping = new AbortController();
  #socket: WebSocket | undefined;
  /** Everything up to it came in pages, or is before the start. */
  #cursor: string;
  /** Frames that came while the client catches up. Undefined while it is live. */
  #buffer: LiveEntry[] | undefined = [];
  #mustCatchUp = false;
  #isCatchingUp = false;
  #turn: number;

  /** Connects to the gateways in turn, beginning with number `turn`. Starts after `observation.since`, if it is set. */
  constructor(cluster: Cluster, observed: ChangeObservation, turn: number) {
    this.#cluster = cluster;
    this.#observed = observed;
    this.#cursor = observed.observation.since;
    this.#turn = turn;
    void this.#connect();
  }

  close(): void {
    this.#stopping.abort();
    this.#socket?.close();
  }

  async #connect(): Promise<void> {
    const { urls, token } = this.#cluster;
    const url = urls[this.#turn++ % urls.length] ?? "";
    const protocols = ["chat.v1", `bearer.${await token(this.#observed.observation.user)}`];
    if (this.#stopping.signal.aborted) return;
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    const closed = new AbortController();
    let heardMs = performance.now();
    socket.onmessage = ({ data }) => {
      heardMs = performance.now();
      if (this.#socket === socket) this.#receive(JSON.parse(String(data)));
    };
    socket.onerror = () => closed.abort();
    socket.onclose = () => closed.abort();
    while (!closed.signal.aborted && performance.now() - heardMs < HEARTBEAT.everyMs + HEARTBEAT.timeoutMs) {
      await sleep(HEARTBEAT.everyMs, closed.signal);
      if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
    }
    this.#socket = undefined;
    socket.close();
    await sleep(RECONNECT_MS, this.#stopping.signal);
    if (!this.#stopping.signal.aborted) void this.#connect();
  }

  #receive(frame: LiveEntry | { readonly type: "ready" | "sync" | "other"; readonly cursor: string }): void {
    if (frame.type === "ready" || frame.type === "sync") {
      const { observation } = this.#observed;
      // A client without a history starts at the first `ready`.
      if (observation.since === "") {
        observation.since = frame.cursor;
        this.#cursor = frame.cursor;
      }
      void this.#catchUp();
    } else if (frame.type === "message" || frame.type === "edited" || frame.type === "deleted") {
      if (this.#buffer) this.#buffer.push(frame);
      else this.#take(frame);
    }
  }

  /** Requests pages until one covers everything. A call meanwhile makes it start once more. */
  async #catchUp(): Promise<void> {
    this.#buffer ??= [];
    this.#mustCatchUp = true;
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    const last = this.#observed.positions.at(-1) ?? "";
    if (last > this.#cursor) this.#cursor = last;
    let hasMore = false;
    while ((this.#mustCatchUp || hasMore) && !this.#stopping.signal.aborted) {
      this.#mustCatchUp = false;
      hasMore = await this.#takePage();
    }
    this.#isCatchingUp = false;
    const buffer = this.#buffer;
    this.#buffer = undefined;
    for (const frame of buffer) this.#take(frame);
  }

  /** Requests the next page and takes it. Resolves with true if more follows, or if there was no answer. */
  async #takePage(): Promise<boolean> {
    const page = await this.#readPage().catch(() => undefined);
    if (!page) {
      await sleep(RECONNECT_MS, this.#stopping.signal);
      return true;
    }
    const { positions } = this.#observed;
    // After the log was destroyed, pages may start from the beginning (P53).
    const after = page.cursor < this.#cursor ? (positions.at(-1) ?? this.#cursor) : this.#cursor;
    const entries = [
      ...page.messages.map((message) => ({ at: message.id, message, isChange: false })),
      ...page.changes.map(({ change, message }) => ({ at: change, message, isChange: true })),
    ].sort((a, b) => (a.at < b.at ? -1 : 1));
    for (const { at, message, isChange } of entries) {
      if (at <= after) continue;
      this.#record(at, isChange ? undefined : message);
      this.#show(message, isChange);
    }
    this.#cursor = page.cursor;
    return page.more;
  }

  async #readPage(): Promise<SyncPage> {
    const { historyApis, historyApi, token } = this.#cluster;
    const { app } = historyApis[this.#turn % historyApis.length] ?? historyApi;
    const response = await fetch(`${app.url}/sync?limit=${PAGE_SIZE}&after=${this.#cursor}`, {
      headers: { authorization: `Bearer ${await token(this.#observed.observation.user)}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`/sync answered with status ${response.status}`);
    return (await response.json()) as SyncPage;
  }

  /** Takes a live frame, unless a page had it. */
  #take({ type, ...entry }: LiveEntry): void {
    const at = entry.change ?? entry.id;
    if (at <= this.#cursor) return;
    this.#record(at, type === "message" ? entry : undefined);
    const deleted = type === "deleted";
    this.#show({ ...entry, ...(deleted && { deleted, content: "" }) }, type !== "message");
  }

  /** `message` is undefined for a change. */
  #record(at: string, message: Message | undefined): void {
    const { observation, positions, changes } = this.#observed;
    positions.push(at);
    if (message) observation.seen.push(message);
    else changes.push(at);
  }

  /** Shows the state of a message. A change has an effect on a message that is there, as P76 says. */
  #show({ id, content, change = "", ...message }: Message, isChange: boolean): void {
    const { shown } = this.#observed;
    const deleted = message.deleted ?? false;
    const before: Shown | undefined = shown.get(id);
    if (isChange ? !before || (before.deleted && !deleted) || change < before.change : before !== undefined)
      return;
    shown.set(id, { content, change, deleted });
  }
}
