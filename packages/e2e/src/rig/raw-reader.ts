import { setTimeout as delay } from "node:timers/promises";
import type { Message, ServerFrame } from "@parley/models";
import { WebSocket } from "ws";

const SILENCE_MS = 10_000;
const PONG_MS = 5_000;
const MAX_WAITING = 1_000;

type Page = { messages: Message[]; cursor: string; more: boolean };
type Server = { url: string; historyUrl: string; token: () => Promise<string> };

/** A client that misses nothing, written with only a WebSocket library after the recipe in docs/protocol.md. */
export class RawReader {
  connections = 0;
  /** Reading continues after this cursor. If it is undefined, reading starts at the beginning. */
  cursor: string | undefined;
  readonly #show: (message: Message) => void;
  #lastId = "";
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(show: (message: Message) => void, cursor?: string) {
    this.#show = show;
    this.cursor = cursor;
  }

  /** Keeps reading until `stop`, and reconnects as often as needed. */
  async run(server: Server): Promise<void> {
    for (let wait = 100; !this.#stopped; wait = Math.min(wait * 2, 2_000)) {
      const before = this.connections;
      await this.#connectOnce(server);
      if (this.connections > before) wait = 100;
      if (!this.#stopped) await delay(Math.random() * wait);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  async #connectOnce(server: Server): Promise<void> {
    const protocols = ["chat.v1", `bearer.${await server.token()}`];
    const ws = new WebSocket(server.url, protocols, { handshakeTimeout: PONG_MS });
    this.#socket = ws;
    let waiting: Message[] | undefined;
    let again = false;
    let syncing: Promise<void> | undefined;
    let silence: NodeJS.Timeout | undefined;
    const catchUp = async () => {
      for (again = true; again && ws.readyState === WebSocket.OPEN; ) {
        again = false;
        await this.#readPages(server, ws);
      }
      for (const message of ws.readyState === WebSocket.OPEN ? (waiting ?? []) : []) this.#take(message);
      waiting = undefined;
    };
    const ended = new Promise((resolve) => ws.on("error", resolve).on("close", resolve));
    ws.on("message", (data) => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        ws.send('{"type":"ping"}');
        silence = setTimeout(() => ws.terminate(), PONG_MS);
      }, SILENCE_MS);
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === "ready") this.connections += 1;
      if (frame.type === "message" && !waiting) this.#take(frame);
      else if (frame.type === "message" && waiting && waiting.length < MAX_WAITING) waiting.push(frame);
      else if (waiting && (frame.type === "message" || frame.type === "sync")) [waiting, again] = [[], true];
      else if (frame.type === "ready" || frame.type === "sync") [waiting, syncing] = [[], catchUp()];
    });
    await ended;
    clearTimeout(silence);
    await syncing;
  }

  async #readPages({ historyUrl, token }: Server, ws: WebSocket): Promise<void> {
    for (let more = true; more && ws.readyState === WebSocket.OPEN; ) {
      const after = this.cursor === undefined ? "" : `&after=${encodeURIComponent(this.cursor)}`;
      const headers = { authorization: `Bearer ${await token()}` };
      const page = await fetch(`${historyUrl}/sync?limit=1000${after}`, { headers })
        .then((answer) => (answer.ok ? (answer.json() as Promise<Page>) : undefined))
        .catch(() => undefined);
      for (const message of page?.messages ?? []) this.#take(message);
      if (page) ({ cursor: this.cursor, more } = page);
      else await delay(200);
    }
  }

  #take({ id, from, to, content, timestamp }: Message): void {
    if (id <= this.#lastId) return;
    this.#show({ id, from, to, content, timestamp });
    this.cursor = id;
    this.#lastId = id;
  }
}
