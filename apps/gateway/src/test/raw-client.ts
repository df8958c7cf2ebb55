import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import { onTestFinished } from "vitest";

/** A bare TCP socket that says exactly what it is told to. */
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

  /** The head of an upgrade to /ws, with these headers in the place of the usual ones of the same name. */
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

  /** The head of the answer, once it is there. */
  async head(): Promise<string> {
    return until(() => {
      const end = this.received.indexOf("\r\n\r\n");
      return end < 0 ? undefined : this.received.subarray(0, end).toString();
    }, "an answer's head");
  }

  async status(): Promise<number> {
    return Number((await this.head()).split(" ")[1]);
  }

  /** What came behind the head. */
  get body(): Buffer {
    const end = this.received.indexOf("\r\n\r\n");
    return end < 0 ? Buffer.alloc(0) : this.received.subarray(end + 4);
  }

  /** The code of the close frame at the end of what was received, once the socket has ended. */
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
  /** What the header says, where that is a lie. */
  readonly length?: number;
}

/** A client's frame, right or wrong. */
export function clientFrame(
  payload: string | Buffer,
  { opcode = 1, fin = true, masked = true, length }: FrameShape = {},
): Buffer {
  const data = Buffer.from(payload);
  const said = length ?? data.length;
  const bit = masked ? 0x80 : 0;
  const head =
    said < 126
      ? Buffer.from([0, bit | said])
      : said < 65_536
        ? Buffer.from([0, bit | 126, 0, 0])
        : Buffer.alloc(10);
  head[0] = (fin ? 0x80 : 0) | opcode;
  if (head.length === 4) head.writeUInt16BE(said, 2);
  if (head.length === 10) {
    head[1] = bit | 127;
    head.writeBigUInt64BE(BigInt(said), 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}
