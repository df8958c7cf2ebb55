import type { Socket } from "node:net";

/** `up`: from the client to the server; `down`: from the server to the client. */
export type Direction = "up" | "down";
/**
 * `pass`: forward. `stall`: stop reading, so that the sender's buffers fill. `swallow`: read and drop everything,
 * including the end of the stream.
 */
export type Mode = "pass" | "stall" | "swallow";
/** `fin`: close in order. `rst`: reset the connection. */
export type Cut = "fin" | "rst";

/**
 * Each chunk from a client is held for `delayMs`, and longer for its bytes if `bytesPerSecond` is set. What is held when
 * the client closes its connection is dropped, like the work of a server that notices that its client has left.
 */
export interface Slowness {
  readonly delayMs: number;
  readonly bytesPerSecond?: number;
}

/** One connection through the proxy. */
export interface Link {
  /** Number of the connection, from 1. */
  readonly id: number;
  /** The first 64 KiB that the client sent, as latin1 text. Tests use it to identify a link. */
  readonly opening: string;
  /** Bytes read from each side, including dropped ones. */
  readonly bytes: Readonly<Record<Direction, number>>;
  readonly open: boolean;
  cut(how: Cut): void;
}

/** The proxy's decisions for a link. The link asks for them at each chunk. */
export interface Rules {
  mode(link: Link, direction: Direction): Mode;
  /** Returns how chunks from the client are delayed. */
  slowness(): Slowness | undefined;
  /** Returns true if this chunk must be dropped. From then on `mode` says how the link continues. */
  swallowsFrom(link: Link, chunk: Buffer): boolean;
  /** Returns true if the reply to this chunk must be lost. */
  losesReply(link: Link, chunk: Buffer): boolean;
  /** Called after the reply was lost and the link was cut. */
  replyLost(link: Link): void;
}

const OPENING_LIMIT = 64 * 1024;

/** Forwards the bytes of one connection in both directions, according to the rules at that moment. */
export class TcpLink implements Link {
  readonly id: number;
  readonly bytes = { up: 0, down: 0 };
  opening = "";
  /** True once a request was forwarded whose reply must be lost. */
  #dropsReply = false;
  readonly #rules: Rules;
  readonly #sockets: Record<Direction, Socket>;
  /** Chunks that were read while their direction was stalled. */
  readonly #held: Record<Direction, Buffer[]> = { up: [], down: [] };
  readonly #ended: Record<Direction, boolean> = { up: false, down: false };
  /** Chunks from the client that are delayed, oldest first, and the time when the last one is due. */
  readonly #delayed: { readonly chunk: Buffer; readonly timer: NodeJS.Timeout }[] = [];
  #lastDueMs = 0;

  /** `up` reads from `client`, `down` from `server`. Both sockets need `allowHalfOpen`. */
  constructor(id: number, client: Socket, server: Socket, rules: Rules) {
    this.id = id;
    this.#rules = rules;
    this.#sockets = { up: client, down: server };
    this.#wire("up", client, server);
    this.#wire("down", server, client);
  }

  get open(): boolean {
    return !this.#sockets.up.destroyed || !this.#sockets.down.destroyed;
  }

  cut(how: Cut): void {
    for (const socket of [this.#sockets.up, this.#sockets.down]) {
      if (how === "rst") socket.resetAndDestroy();
      else socket.resume().end(() => socket.destroy());
    }
  }

  /** Applies changed rules: a stalled direction may continue, or a passing direction may stall. */
  recheck(): void {
    if (!this.#rules.slowness()) while (this.#delayed.length > 0) this.#release();
    for (const direction of ["up", "down"] as const) {
      const mode = this.#rules.mode(this, direction);
      const from = this.#sockets[direction];
      if (mode === "stall") {
        from.pause();
        continue;
      }
      for (const chunk of this.#held[direction].splice(0)) this.#forward(direction, chunk, mode);
      if (this.#ended[direction] && mode === "pass") this.#to(direction).end();
      from.resume();
    }
  }

  #to(direction: Direction): Socket {
    return this.#sockets[direction === "up" ? "down" : "up"];
  }

  #wire(direction: Direction, from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => this.#read(direction, chunk));
    from.on("end", () => {
      this.#ended[direction] = true;
      if (direction === "up") for (const { timer } of this.#delayed.splice(0)) clearTimeout(timer);
      if (this.#rules.mode(this, direction) === "pass") to.end();
    });
    // After an error "close" follows. The listener below then resets the other connection.
    from.on("error", () => undefined);
    from.on("close", (failed) => {
      if (this.#rules.mode(this, direction) === "swallow") return;
      if (failed) to.resetAndDestroy();
      else if (!this.#ended[direction]) to.end();
    });
    to.on("drain", () => {
      if (this.#rules.mode(this, direction) !== "stall") from.resume();
    });
  }

  #read(direction: Direction, chunk: Buffer): void {
    this.bytes[direction] += chunk.length;
    if (direction === "up" && this.opening.length < OPENING_LIMIT) {
      this.opening = (this.opening + chunk.toString("latin1")).slice(0, OPENING_LIMIT);
    }
    if (direction === "down" && this.#dropsReply) {
      this.#loseReply();
      return;
    }
    const slowness = this.#rules.slowness();
    if (direction === "up" && (slowness || this.#delayed.length > 0)) this.#delay(chunk, slowness);
    else this.#pass(direction, chunk);
  }

  #delay(
    chunk: Buffer,
    { delayMs, bytesPerSecond = Number.POSITIVE_INFINITY }: Slowness = { delayMs: 0 },
  ): void {
    const now = performance.now();
    this.#lastDueMs = Math.max(now + delayMs, this.#lastDueMs) + (1_000 * chunk.length) / bytesPerSecond;
    const timer = setTimeout(() => this.#release(), this.#lastDueMs - now);
    this.#delayed.push({ chunk, timer });
  }

  /** Forwards the oldest delayed chunk. */
  #release(): void {
    const oldest = this.#delayed.shift();
    if (!oldest) return;
    clearTimeout(oldest.timer);
    if (this.#delayed.length === 0) this.#lastDueMs = 0;
    this.#pass("up", oldest.chunk);
  }

  #pass(direction: Direction, chunk: Buffer): void {
    const mode = this.#rules.mode(this, direction);
    if (mode === "stall") {
      this.#sockets[direction].pause();
      this.#held[direction].push(chunk);
      return;
    }
    this.#forward(direction, chunk, mode);
  }

  #forward(direction: Direction, chunk: Buffer, mode: Mode): void {
    if (mode === "swallow") return;
    if (direction === "up" && this.#rules.swallowsFrom(this, chunk)) return;
    if (direction === "up" && this.#rules.losesReply(this, chunk)) this.#dropsReply = true;
    if (!this.#to(direction).write(chunk)) this.#sockets[direction].pause();
  }

  /**
   * Drops the reply and resets the client's connection. The server has executed the request. The server still
   * receives everything sent, and its connection ends in order.
   */
  #loseReply(): void {
    this.#sockets.up.resetAndDestroy();
    this.#sockets.down.end();
    this.#sockets.down.removeAllListeners("data").resume();
    this.#rules.replyLost(this);
  }
}
