import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { clientFrame, PING, PONG, TEXT } from "./client-frame.ts";
import { DIALECTS, type Dialect, type DialectName, type FrameKind } from "./dialect.ts";
import { FrameScanner } from "./frame-scanner.ts";
import { LineSplitter } from "./line-splitter.ts";

/** A server's address and the dialect that it speaks. */
export interface Endpoint {
  /** `ws://host:port/path`, with a query if the server needs one. */
  readonly url: string;
  readonly dialect: DialectName;
}

/** Called for each text frame, or for each line of one if the dialect has lines. The payload is in `data` from `start` on and is valid only during the call. */
export type FrameListener = (kind: FrameKind, data: Buffer, start: number, length: number) => void;

const END_OF_HEAD = "\r\n\r\n";
const TIMEOUT_MS = 30_000;

/** A minimal WebSocket client for the load generator. It reads frames without copying or parsing them. */
export class Connection {
  readonly dialect: Dialect;
  readonly #socket: Socket;
  readonly #scanner = new FrameScanner();
  readonly #lines = new LineSplitter();
  readonly #onFrame: FrameListener;
  #ready: () => void = () => undefined;

  /** Connects. Resolves once the connection receives live messages. Rejects with the HTTP status if it is refused. */
  static async open(endpoint: Endpoint, token: string, onFrame: FrameListener): Promise<Connection> {
    const { hostname, port } = new URL(endpoint.url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const connection = new Connection(socket, DIALECTS[endpoint.dialect], onFrame);
    const overdue = new Error(`the handshake took longer than ${TIMEOUT_MS} ms`);
    const deadline = setTimeout(() => socket.destroy(overdue), TIMEOUT_MS);
    try {
      await connection.#handshake(endpoint.url, token);
    } finally {
      clearTimeout(deadline);
    }
    return connection;
  }

  private constructor(socket: Socket, dialect: Dialect, onFrame: FrameListener) {
    this.#socket = socket;
    this.dialect = dialect;
    this.#onFrame = onFrame;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Writes complete frames, built by `frame`. */
  write(frames: Buffer | readonly Buffer[]): void {
    this.#socket.write(Buffer.isBuffer(frames) ? frames : Buffer.concat(frames));
  }

  /** Builds the frame that sends a message. */
  frame(to: string, content: string, ref: string): Buffer {
    return clientFrame(TEXT, this.dialect.message(to, content, ref));
  }

  /** Stops reading, so that the server's data fills the socket's buffers. */
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
      socket.on("close", () => reject(new Error("the server closed the connection during the handshake")));
      this.#ready = resolve;
      let head = Buffer.alloc(0);
      const read = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf(END_OF_HEAD);
        if (end < 0) return;
        socket.off("data", read);
        const status = head.toString("latin1", 0, head.indexOf("\r\n"));
        if (!status.includes(" 101 ")) return void socket.destroy(new Error(`refused: ${status}`));
        socket.on("data", (data: Buffer) => this.#scan(data));
        const greeting = this.dialect.greeting?.(token);
        if (greeting !== undefined) socket.write(clientFrame(TEXT, greeting));
        if (!this.dialect.isReadyAnnounced) resolve();
        this.#scan(head.subarray(end + END_OF_HEAD.length));
      };
      socket.on("data", read);
      socket.write(requestHead(url, this.dialect.headers(token)));
    });
  }

  #scan(chunk: Buffer): void {
    this.#lines.begin();
    this.#scanner.scan(chunk, this.#visit);
  }

  readonly #visit = (opcode: number, data: Buffer, start: number, length: number): void => {
    if (opcode === TEXT && this.dialect.hasLines) this.#lines.split(data, start, length, this.#take);
    else if (opcode === TEXT) this.#take(data, start, length);
    else if (opcode === PING) this.#socket.write(clientFrame(PONG, data.subarray(start, start + length)));
  };

  readonly #take = (data: Buffer, start: number, length: number): void => {
    const kind = this.dialect.kindOf(data, start, length);
    if (kind === "ready") this.#ready();
    else if (kind === "ping") this.#socket.write(clientFrame(TEXT, this.dialect.pong ?? ""));
    this.#onFrame(kind, data, start, length);
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
