import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import { onTestFinished } from "vitest";

/** A bare TCP client that sends exact bytes, for handshakes and frames that `ws` would never send. */
export class RawClient {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  ended = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.ended = true;
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  /** Sends the head of an upgrade to `/ws`. `headers` override the usual ones. */
  upgrade(headers: Record<string, string>): void {
    const all = {
      Host: "127.0.0.1",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
      "Sec-WebSocket-Version": "13",
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    this.socket.write(`GET /ws HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  }

  /** Waits for the head of the answer. */
  async head(): Promise<string> {
    return until(() => {
      const end = this.received.indexOf("\r\n\r\n");
      return end < 0 ? undefined : this.received.subarray(0, end).toString();
    }, "an answer's head");
  }

  async status(): Promise<number> {
    return Number((await this.head()).split(" ")[1]);
  }

  /** The bytes received after the head. */
  get body(): Buffer {
    const end = this.received.indexOf("\r\n\r\n");
    return end < 0 ? Buffer.alloc(0) : this.received.subarray(end + 4);
  }

  /** Waits for a close frame or the end of the socket. Returns the close code, undefined without a close frame. */
  async closeCode(): Promise<number | undefined> {
    await until(() => this.ended || this.#closeFrame() !== undefined, "the end of the socket");
    return this.#closeFrame();
  }

  #closeFrame(): number | undefined {
    for (let at = 0; at + 2 <= this.body.length; ) {
      const opcode = (this.body[at] ?? 0) & 0x0f;
      let length = this.body[at + 1] ?? 0;
      let head = 2;
      if (length === 126) {
        length = this.body.readUInt16BE(at + 2);
        head = 4;
      }
      if (opcode === 8) return this.body.readUInt16BE(at + head);
      at += head + length;
    }
    return undefined;
  }
}

export interface FrameShape {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly masked?: boolean;
  /** Length to declare in the header. Default: the payload's length. */
  readonly length?: number;
}

/** Encodes a client's frame, valid or not. */
export function clientFrame(
  payload: string | Buffer,
  { opcode = 1, fin = true, masked = true, length }: FrameShape = {},
): Buffer {
  const data = Buffer.from(payload);
  const declared = length ?? data.length;
  const bit = masked ? 0x80 : 0;
  const head =
    declared < 126
      ? Buffer.from([0, bit | declared])
      : declared < 65_536
        ? Buffer.from([0, bit | 126, 0, 0])
        : Buffer.alloc(10);
  head[0] = (fin ? 0x80 : 0) | opcode;
  if (head.length === 4) head.writeUInt16BE(declared, 2);
  if (head.length === 10) {
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(declared), 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
