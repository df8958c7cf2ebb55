import type { ServerFrame } from "@parley/models";
import { WebSocket } from "ws";

/** How a token is handed over (P1). */
export type TokenForm = "chat.v1" | "Bearer, token" | "Bearer token" | "Authorization";

type MessageFrame = Extract<ServerFrame, { type: "message" }>;
type AckFrame = Extract<ServerFrame, { type: "ack" }>;
type ErrorFrame = Extract<ServerFrame, { type: "error" }>;

/** A client that speaks the raw protocol and remembers everything it was told. */
export class Chatter {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting = new Set<() => void>();
  /** By ref, those who wait for an ack or an error. */
  readonly #answers = new Map<string, (answer: AckFrame | ErrorFrame | undefined) => void>();

  /** Resolves once open; under chat.v1, once `ready` has come. Rejects with the HTTP status of a refusal. */
  static async connect(url: string, token: string, form: TokenForm = "chat.v1"): Promise<Chatter> {
    const chatter = new Chatter(openSocket(url, token, form));
    await new Promise<void>((resolve, reject) => {
      chatter.socket.once("open", resolve);
      chatter.socket.once("unexpected-response", (_request, response) => {
        response.resume();
        reject(new Error(`refused with ${response.statusCode}`));
      });
      chatter.socket.once("error", reject);
    });
    if (form === "chat.v1") await chatter.next("ready");
    return chatter;
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
    socket.on("message", (data) => {
      const frame: ServerFrame = JSON.parse(String(data));
      this.frames.push(frame);
      if (frame.type === "ack" || frame.type === "error") this.#answer(frame);
      this.#wake();
    });
    socket.on("error", () => this.#wake());
    socket.on("close", () => {
      for (const answer of this.#answers.values()) answer(undefined);
      this.#wake();
    });
  }

  get messages(): MessageFrame[] {
    return this.frames.filter((frame) => frame.type === "message");
  }

  get acks(): AckFrame[] {
    return this.frames.filter((frame) => frame.type === "ack");
  }

  get errors(): ErrorFrame[] {
    return this.frames.filter((frame) => frame.type === "error");
  }

  say(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** Sends with a ref and resolves with the ack; rejects with the code of the error that came instead. */
  send(to: string, content: string, ref: string = crypto.randomUUID()): Promise<AckFrame> {
    return new Promise((resolve, reject) => {
      this.#answers.set(ref, (answer) => {
        if (answer?.type === "ack") resolve(answer);
        else reject(new Error(answer?.code ?? "closed"));
      });
      this.say({ to, content, ref });
    });
  }

  /** The first frame of a type, waited for. */
  async next<T extends ServerFrame["type"]>(type: T): Promise<Extract<ServerFrame, { type: T }>> {
    return this.until(() => this.frames.find((frame) => frame.type === type)) as Promise<
      Extract<ServerFrame, { type: T }>
    >;
  }

  /** The message with this content, waited for. */
  async message(content: string): Promise<MessageFrame> {
    return this.until(() => this.messages.find((message) => message.content === content));
  }

  /** What `look` finds, as soon as it does. Rejects when the connection closes first, or after 20 s. */
  until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(new Error("what was waited for never came")), 20_000);
      const check = () => {
        const found = look();
        if (found !== undefined) done(found);
        else if (this.socket.readyState === WebSocket.CLOSED) done(new Error("closed before it came"));
      };
      const done = (outcome: T | Error) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      this.#waiting.add(check);
      check();
    });
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #answer(frame: AckFrame | ErrorFrame): void {
    if (frame.ref === undefined) return;
    this.#answers.get(frame.ref)?.(frame);
    this.#answers.delete(frame.ref);
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}

function openSocket(url: string, token: string, form: TokenForm): WebSocket {
  switch (form) {
    case "chat.v1":
      return new WebSocket(url, ["chat.v1", `bearer.${token}`]);
    case "Bearer, token":
      return new WebSocket(url, ["Bearer", token]);
    case "Bearer token":
      // The `ws` library refuses to offer a subprotocol with a space, so the header is written by hand.
      return new WebSocket(url, { headers: { "Sec-WebSocket-Protocol": `Bearer ${token}` } });
    case "Authorization":
      return new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
  }
}
