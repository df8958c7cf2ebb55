import { get } from "node:http";
import { sleep } from "@parley/async";
import { WebSocket } from "ws";
import type { Samples } from "./samples.ts";
import { ThrottledReader } from "./throttled-reader.ts";

export interface UserOptions {
  readonly name: string;
  readonly token: string;
  /** Address of the gateway, such as `http://127.0.0.1:8080`. `historyUrl` is the address of history-api. */
  readonly gatewayUrl: string;
  readonly historyUrl: string;
  /** Bytes per second that the user's link carries. Default: no limit. */
  readonly slowLink?: number | undefined;
}

/** An answer that takes longer than this is recorded as a refusal. */
const TIMEOUT_MS = 5_000;
/** A replaced connection stays open for this time, so that its last answers can arrive. */
const OVERLAP_MS = 1_000;
const RETRY_MS = 250;

type Frame = { readonly type: string; readonly ref?: string; readonly code?: string };

/**
 * An ordinary user. It speaks the raw protocol, because retries of the SDK would hide refusals. Each call records its
 * measurements.
 */
export class User {
  readonly name: string;
  readonly #options: UserOptions;
  readonly #pending = new Map<string, { readonly sentAt: number; readonly samples: Samples }>();
  #socket: WebSocket | undefined;
  #samples: Samples;
  #sent = 0;
  #isClosed = false;

  constructor(options: UserOptions, samples: Samples) {
    this.name = options.name;
    this.#options = options;
    this.#samples = samples;
  }

  /** Sets the samples into which all further calls record their measurements. */
  record(samples: Samples): void {
    this.#samples = samples;
  }

  /**
   * Replaces the present connection with a new one. If the new one is refused, keeps the present one and resolves
   * with false.
   */
  async connect(): Promise<boolean> {
    const samples = this.#samples;
    const startedAt = performance.now();
    const socket = await this.#open();
    if (!socket || this.#isClosed) {
      socket?.terminate();
      return false;
    }
    samples.connects.push(performance.now() - startedAt);
    this.#use(socket);
    return true;
  }

  /** Sends a message. Does nothing while there is no connection. */
  send(to: string): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const ref = `${this.name}-${this.#sent++}`;
    this.#pending.set(ref, { sentAt: performance.now(), samples: this.#samples });
    this.#socket.send(JSON.stringify({ to, content: `Hello, this is message ${ref}.`, ref }));
  }

  /** Reads a page of history over a new connection. */
  async readPage(peer: string): Promise<void> {
    const samples = this.#samples;
    const startedAt = performance.now();
    const problem = await this.#request(`/messages/${peer}?limit=50`);
    samples.pages.push(performance.now() - startedAt);
    if (problem !== undefined) samples.refuse(`history: ${problem}`);
  }

  /** Waits until every message has an answer. Messages without an answer in time are recorded as refusals. */
  async settle(): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (this.#pending.size > 0 && performance.now() < deadline && !this.#isClosed) await sleep(20);
    for (const { samples } of this.#pending.values()) {
      samples.acks.push(TIMEOUT_MS);
      samples.refuse("no ack in time");
    }
    this.#pending.clear();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.terminate();
  }

  async #connectAgain(): Promise<void> {
    while (!this.#isClosed && !this.#socket && !(await this.connect())) await sleep(RETRY_MS);
  }

  #open(): Promise<WebSocket | undefined> {
    const { gatewayUrl, token } = this.#options;
    const samples = this.#samples;
    const url = `${gatewayUrl.replace("http", "ws")}/ws`;
    const socket = new WebSocket(url, ["chat.v1", `bearer.${token}`], { handshakeTimeout: TIMEOUT_MS });
    return new Promise((resolve) => {
      const fail = (problem: string): void => {
        samples.refuse(`handshake: ${problem}`);
        resolve(undefined);
      };
      socket.once("unexpected-response", (_request, response) => {
        fail(String(response.statusCode));
        socket.terminate();
      });
      socket.on("error", ({ message }) => fail(message));
      socket.once("message", () => resolve(socket));
    });
  }

  /** Sends on this connection from now on. The previous one stays open for OVERLAP_MS, and both are read. */
  #use(socket: WebSocket): void {
    const before = this.#socket;
    this.#socket = socket;
    const { slowLink } = this.#options;
    const reader = slowLink === undefined ? undefined : new ThrottledReader(socket, slowLink);
    socket.on("message", (data: Buffer) => {
      reader?.read(data.length);
      this.#onFrame(data);
    });
    socket.once("close", (code) => {
      if (this.#socket !== socket || this.#isClosed) return;
      this.#samples.refuse(`connection: closed with ${code}`);
      this.#socket = undefined;
      void this.#connectAgain();
    });
    if (before) setTimeout(() => before.close(), OVERLAP_MS);
  }

  #onFrame(data: Buffer): void {
    // Skips messages before parsing. They are most of the frames, and only answers are measured.
    if (data.subarray(0, 17).toString() === '{"type":"message"') return;
    const { type, ref = "", code } = JSON.parse(data.toString()) as Frame;
    if (type !== "ack" && type !== "error") return;
    const sent = this.#pending.get(ref);
    this.#pending.delete(ref);
    if (type === "error") (sent?.samples ?? this.#samples).refuse(`send: ${code}`);
    else if (sent) sent.samples.acks.push(performance.now() - sent.sentAt);
  }

  /** Requests a page of history. Resolves with the reason if the request fails, or with undefined. */
  #request(path: string): Promise<string | undefined> {
    const { historyUrl, token } = this.#options;
    const headers = { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return new Promise((resolve) => {
      get(historyUrl + path, { headers, agent: false, signal }, (response) => {
        const { statusCode } = response;
        response.resume();
        response.once("end", () => resolve(statusCode === 200 ? undefined : String(statusCode)));
        response.once("error", () => resolve("incomplete"));
      }).once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    });
  }
}
