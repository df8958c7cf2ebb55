import type { Socket } from "node:net";

/** `up`: from the client to the server; `down`: from the server to the client. */
export type Direction = "up" | "down";
/** `pass`; `stall`: stop reading, so that the sender's buffers fill; `swallow`: read and drop, the end of the stream too. */
export type Mode = "pass" | "stall" | "swallow";
/** `fin`: an orderly end; `rst`: a connection reset. */
export type Cut = "fin" | "rst";

/** One connection through the proxy. */
export interface Link {
  /** Counts from 1 in the order of connecting. */
  readonly id: number;
  /** The first 64 KiB that the client sent, as latin1 text: what tells one link from another. */
  readonly opening: string;
  /** Bytes read from each side, also those that were dropped. */
  readonly bytes: Readonly<Record<Direction, number>>;
  readonly open: boolean;
  cut(how: Cut): void;
}

/** What the proxy decides for a link, asked again for each chunk. */
export interface Rules {
  mode(link: Link, direction: Direction): Mode;
  /** True where the reply to this chunk must be lost. */
  losesReply(link: Link, chunk: Buffer): boolean;
  /** The reply has been lost and the link is cut. */
  replyLost(link: Link): void;
}

const OPENING_LIMIT = 64 * 1024;

/** Moves the bytes of one connection in both directions, each as its rules say at that moment. */
export class TcpLink implements Link {
  readonly id: number;
  readonly bytes = { up: 0, down: 0 };
  opening = "";
  /** Set once a request went up whose reply must not come down. */
  #dropsReply = false;
  readonly #rules: Rules;
  readonly #sockets: Record<Direction, Socket>;
  /** A chunk that was read before its direction stalled. */
  readonly #held: Record<Direction, Buffer[]> = { up: [], down: [] };
  readonly #ended: Record<Direction, boolean> = { up: false, down: false };

  /** `client` is read for `up`, `server` for `down`. Both must allow to be half open. */
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

  /** To be called when the rules have changed: what was stalled may go on. */
  recheck(): void {
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
      if (this.#rules.mode(this, direction) === "pass") to.end();
    });
    // An error is followed by "close", which hands it on.
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
    if (direction === "up" && this.#rules.losesReply(this, chunk)) this.#dropsReply = true;
    if (!this.#to(direction).write(chunk)) this.#sockets[direction].pause();
  }

  /** The server has answered, so it has done what it was asked; it keeps reading what was sent up to an orderly end. */
  #loseReply(): void {
    this.#sockets.up.resetAndDestroy();
    this.#sockets.down.end();
    this.#sockets.down.removeAllListeners("data").resume();
    this.#rules.replyLost(this);
  }
}
