import { sleep } from "@parley/async";
import type { ServerFrame } from "@parley/models";
import { WebSocket } from "ws";

/** The ways to pass a token in the upgrade request (P1). */
export type TokenForm = "chat.v1" | "Bearer, token" | "Bearer token" | "Authorization";

type MessageFrame = Extract<ServerFrame, { type: "message" }>;
type AckFrame = Extract<ServerFrame, { type: "ack" }>;
type ErrorFrame = Extract<ServerFrame, { type: "error" }>;

const WAIT_TIMEOUT_MS = 20_000;
/** Wait before a gateway that can't reach the log is asked again. */
const RETRY_MS = 100;

class Refused extends Error {
  readonly isTemporary: boolean;

  constructor(reason: string, isTemporary: boolean) {
    super(reason);
    this.isTemporary = isTemporary;
  }
}

/** Repeats what a gateway refuses for now: on a busy machine it may lose its link to the log for a moment. */
async function whileTemporary<T>(attempt: () => Promise<T>): Promise<T> {
  for (const startedAt = performance.now(); ; await sleep(RETRY_MS)) {
    try {
      return await attempt();
    } catch (error) {
      const isTemporary = error instanceof Refused && error.isTemporary;
      if (!isTemporary || performance.now() - startedAt > WAIT_TIMEOUT_MS) throw error;
    }
  }
}

/** A client that speaks the raw protocol and keeps every frame it gets. */
export class ChatClient {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting = new Set<() => void>();
  /** Callbacks for the ack or error of each send, by ref. */
  readonly #answers = new Map<string, (answer: AckFrame | ErrorFrame | undefined) => void>();

  /**
   * Resolves once the connection is open; with chat.v1, once `ready` has arrived. Rejects with the HTTP status if
   * refused. Tries again while the gateway answers 503.
   */
  static connect(url: string, token: string, form: TokenForm = "chat.v1"): Promise<ChatClient> {
    return whileTemporary(() => ChatClient.#connectOnce(url, token, form));
  }

  static async #connectOnce(url: string, token: string, form: TokenForm): Promise<ChatClient> {
    const client = new ChatClient(openSocket(url, token, form));
    await new Promise<void>((resolve, reject) => {
      client.socket.once("open", resolve);
      client.socket.once("unexpected-response", (_request, response) => {
        response.resume();
        const { statusCode } = response;
        reject(new Refused(`refused with ${statusCode}`, statusCode === 503));
      });
      client.socket.once("error", reject);
    });
    if (form === "chat.v1") await client.next("ready");
    return client;
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

  /** Sends a text or a buffer as it is, and anything else as JSON. */
  sendRaw(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /**
   * Sends a message with a ref, and again with the same ref while the answer is `unavailable` (P31). Resolves with the
   * ack, or rejects with the code of the error.
   */
  send(to: string, content: string, ref: string = crypto.randomUUID()): Promise<AckFrame> {
    return whileTemporary(async () => {
      const answer = await this.sendOnce(to, content, ref);
      if (answer?.type === "ack") return answer;
      const code = answer?.code ?? "closed";
      throw new Refused(code, code === "unavailable");
    });
  }

  /** Sends a message with a ref once. Resolves with the ack or the error, or with undefined if the connection ends first. */
  sendOnce(to: string, content: string, ref: string): Promise<AckFrame | ErrorFrame | undefined> {
    if (this.socket.readyState === WebSocket.CLOSED) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#answers.set(ref, resolve);
      this.sendRaw({ to, content, ref });
    });
  }

  /** Waits for the first frame of a type. */
  async next<T extends ServerFrame["type"]>(type: T): Promise<Extract<ServerFrame, { type: T }>> {
    return this.until(() => this.frames.find((frame) => frame.type === type)) as Promise<
      Extract<ServerFrame, { type: T }>
    >;
  }

  /** Waits for the message with this content. */
  async message(content: string): Promise<MessageFrame> {
    return this.until(() => this.messages.find((message) => message.content === content));
  }

  /**
   * Calls `condition` after every frame. Resolves with its first result that isn't undefined. Rejects if the
   * connection closes first, or after 20 s.
   */
  until<T>(condition: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = () => done(new Error(`timed out after ${WAIT_TIMEOUT_MS / 1_000} s waiting for a frame`));
      const timer = setTimeout(fail, WAIT_TIMEOUT_MS);
      const check = () => {
        const found = condition();
        if (found !== undefined) done(found);
        else if (this.socket.readyState === WebSocket.CLOSED)
          done(new Error("the connection closed before the expected frame arrived"));
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
      // The `ws` library rejects a subprotocol that contains a space, so the header is set directly.
      return new WebSocket(url, { headers: { "Sec-WebSocket-Protocol": `Bearer ${token}` } });
    case "Authorization":
      return new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
  }
}
