import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sleep } from "@parley/async";
import { Pacer, Replay } from "./pacer.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Destination, accounts and speed of an attack, or of its control. */
export interface Orders {
  readonly gateway: Address;
  readonly history: Address;
  /** One token for each account. */
  readonly tokens: readonly string[];
  readonly perSecond: number;
  /** Times of the turns after the start, in ms. If they are given, `perSecond` has no effect. */
  readonly turnsAtMs?: readonly number[] | undefined;
}

/**
 * The attacker has an address of its own, so that limits per address distinguish it from the users. On Linux every
 * address in 127.0.0.0/8 belongs to this machine.
 */
const OWN_ADDRESS = "127.0.0.2";
/** The attacker waits this long for an answer, and then continues without it. */
const PATIENCE_MS = 2_000;

/** The beginning of an error frame (P30). */
const ERROR = Buffer.from('"type":"error"');

/** The tools of an attack. All of them tolerate a target that refuses, resets or doesn't answer. */
export class Attacker {
  readonly gateway: Address;
  readonly history: Address;
  readonly tokens: readonly string[];
  readonly #signal: AbortSignal;
  readonly #pacer: Pacer | Replay;
  readonly #startedAt = performance.now();
  readonly #turnsAtMs: number[] = [];
  readonly #sockets = new Set<Socket>();
  #refusals = 0;
  readonly #agent = new Agent({ keepAlive: true, localAddress: OWN_ADDRESS });

  /** `signal` ends the attack. */
  constructor({ gateway, history, tokens, perSecond, turnsAtMs }: Orders, signal: AbortSignal) {
    this.gateway = gateway;
    this.history = history;
    this.tokens = tokens;
    this.#signal = signal;
    this.#pacer = turnsAtMs ? new Replay(turnsAtMs, this.#startedAt) : new Pacer(perSecond, this.#startedAt);
  }

  /** Times of the operations so far, in ms after the start. */
  get turnsAtMs(): readonly number[] {
    return this.#turnsAtMs;
  }

  /** Number of operations so far. */
  get operations(): number {
    return this.#turnsAtMs.length;
  }

  /** Number of connections that the target refused or ended, plus the errors that it sent. */
  get refusals(): number {
    return this.#refusals;
  }

  get isOver(): boolean {
    return this.#signal.aborted;
  }

  /** Waits until the next operation is due. Resolves with false when the attack is over. */
  async turn(): Promise<boolean> {
    if (this.#signal.aborted) return false;
    const waitMs = this.#pacer.take(performance.now());
    if (waitMs > 1) await sleep(waitMs, this.#signal);
    // Lets Node serve the sockets, even if every turn is overdue.
    else await nextTurn();
    if (this.#signal.aborted) return false;
    this.#turnsAtMs.push(performance.now() - this.#startedAt);
    return true;
  }

  /** Runs `loop` `count` times at the same time. */
  async inParallel(count: number, loop: (index: number) => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, index) => loop(index)));
  }

  /** Opens a connection. Resolves with undefined if it isn't accepted in time. */
  async open({ host, port }: Address): Promise<Socket | undefined> {
    const socket = connect({ host, port, localAddress: OWN_ADDRESS, noDelay: true });
    this.#sockets.add(socket);
    const onEnd = (): void => {
      this.#refusals += 1;
      socket.destroy();
    };
    socket.once("end", onEnd);
    socket.on("error", onEnd);
    socket.once("close", () => this.#sockets.delete(socket));
    if (await this.#happens(socket, "connect")) return socket;
    socket.destroy();
    return undefined;
  }

  /**
   * Opens a WebSocket. Its frames are discarded, except that errors are counted. Resolves with undefined if the
   * target refuses the WebSocket.
   */
  async openWebSocket(token = this.tokens[0]): Promise<Socket | undefined> {
    const socket = await this.open(this.gateway);
    if (!socket) return undefined;
    socket.write(upgradeTo("/ws", token));
    const [head] = (await this.#happens(socket, "data")) ?? [];
    if (String(head).startsWith("HTTP/1.1 101")) {
      socket.on("data", (chunk: Buffer) => {
        for (let at = chunk.indexOf(ERROR); at >= 0; at = chunk.indexOf(ERROR, at + 1)) this.#refusals += 1;
      });
      return socket;
    }
    socket.destroy();
    return undefined;
  }

  /**
   * Writes bytes, and waits until the socket accepts more. Resolves with false if the socket or the attack has ended.
   */
  async write(socket: Socket, bytes: Buffer | string): Promise<boolean> {
    if (socket.destroyed) return false;
    if (!socket.write(bytes)) await this.#happens(socket, "drain", Number.POSITIVE_INFINITY);
    return !socket.destroyed && !this.isOver;
  }

  /** Waits for the next bytes from the target, until the socket ends or PATIENCE_MS have passed. */
  async answered(socket: Socket): Promise<void> {
    await this.#happens(socket, "data");
  }

  /** Requests a path of history-api and discards the answer. */
  async get(path: string, token = this.tokens[0]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const headers = { authorization: `Bearer ${token}` };
    const options = { ...this.history, path, headers, agent: this.#agent, signal: this.#signal };
    get(options, (response) => {
      if (response.statusCode !== 200) this.#refusals += 1;
      response.resume().once("close", resolve);
    })
      .on("error", () => resolve())
      .on("close", () => resolve());
    await promise;
  }

  close(): void {
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Resolves with the event's arguments. If the socket or the attack ends or the time is up first, resolves with
   * undefined.
   */
  async #happens(socket: Socket, event: string, timeoutMs = PATIENCE_MS): Promise<unknown[] | undefined> {
    const ended = new AbortController();
    const signals = [this.#signal, ended.signal];
    if (Number.isFinite(timeoutMs)) signals.push(AbortSignal.timeout(timeoutMs));
    const onClose = () => ended.abort();
    socket.once("close", onClose);
    if (socket.destroyed) ended.abort();
    try {
      return await once(socket, event, { signal: AbortSignal.any(signals) });
    } catch {
      // The socket ended, the time is up, or the attack is over: each of them means that there is no answer.
      return undefined;
    } finally {
      socket.off("close", onClose);
    }
  }
}

/** Returns the head of a valid WebSocket handshake. */
export function upgradeTo(path: string, token?: string): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version: 13",
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Returns a plain GET request for a path. */
export function requestFor(path: string, token?: string): string {
  const authorization = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`;
}
