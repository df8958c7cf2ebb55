import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { clientFrame, PING, PONG, TEXT } from "./client-frame.ts";
import { DIALECTS, type Dialect, type DialectName, type FrameKind } from "./dialect.ts";
import { FrameScanner } from "./frame-scanner.ts";

export interface Target {
  /** `ws://host:port/path`, with a query where the server wants one. */
  readonly url: string;
  readonly dialect: DialectName;
}

/** Of every frame of text; the payload lies in `data` from `start` on, during the call alone. */
export type Hear = (kind: FrameKind, data: Buffer, start: number, length: number) => void;

const END_OF_HEAD = "\r\n\r\n";
const TIMEOUT_MS = 30_000;

/** A WebSocket of the load generator: the handshake by hand, then frames as they lie on the wire. */
export class Connection {
  readonly dialect: Dialect;
  readonly #socket: Socket;
  readonly #scanner = new FrameScanner();
  readonly #hear: Hear;
  #ready: () => void = () => undefined;

  /** Resolves once it hears what is said live. Rejects with the status of a refusal. */
  static async open(target: Target, token: string, hear: Hear): Promise<Connection> {
    const { hostname, port } = new URL(target.url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = new Connection(socket, DIALECTS[target.dialect], hear);
    const deadline = setTimeout(() => socket.destroy(new Error("no handshake in time")), TIMEOUT_MS);
    try {
      await connection.#handshake(target.url, token);
    } finally {
      clearTimeout(deadline);
    }
    return connection;
  }

  private constructor(socket: Socket, dialect: Dialect, hear: Hear) {
    this.#socket = socket;
    this.dialect = dialect;
    this.#hear = hear;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Writes whole frames, made by `frame`. */
  write(frames: Buffer | readonly Buffer[]): void {
    this.#socket.write(Buffer.isBuffer(frames) ? frames : Buffer.concat(frames));
  }

  frame(to: string, content: string, ref: string): Buffer {
    return clientFrame(TEXT, this.dialect.message(to, content, ref));
  }

  /** From now on what is sent to it stays on its way. */
  stopReading(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  #handshake(url: string, token: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed within the handshake")));
      this.#ready = resolve;
      let head = Buffer.alloc(0);
      const read = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf(END_OF_HEAD);
        if (end < 0) return;
        socket.off("data", read);
        const status = head.toString("latin1", 0, head.indexOf("\r\n"));
        if (!status.includes(" 101 ")) return void socket.destroy(new Error(`refused: ${status}`));
        socket.on("data", (data: Buffer) => this.#scanner.scan(data, this.#visit));
        const greeting = this.dialect.greeting?.(token);
        if (greeting !== undefined) socket.write(clientFrame(TEXT, greeting));
        if (!this.dialect.saysReady) resolve();
        this.#scanner.scan(head.subarray(end + END_OF_HEAD.length), this.#visit);
      };
      socket.on("data", read);
      socket.write(requestHead(url, this.dialect.headers(token)));
    });
  }

  readonly #visit = (opcode: number, data: Buffer, start: number, length: number): void => {
    if (opcode === TEXT) {
      const kind = this.dialect.kindOf(data, start, length);
      if (kind === "ready") this.#ready();
      else if (kind === "ping") this.#socket.write(clientFrame(TEXT, this.dialect.pong ?? ""));
      this.#hear(kind, data, start, length);
    } else if (opcode === PING) {
      this.#socket.write(clientFrame(PONG, data.subarray(start, start + length)));
    }
  };
}

function requestHead(url: string, headers: Readonly<Record<string, string>>): string {
  const { host, pathname, search } = new URL(url);
  const lines = Object.entries({
    Host: host,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${pathname}${search} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}
