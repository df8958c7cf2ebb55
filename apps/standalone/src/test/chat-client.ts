import { until } from "@parley/async";
import type { Message, ServerFrame } from "@parley/models";

type Answer = Extract<ServerFrame, { type: "ack" | "error" }>;

/** A client that speaks the raw protocol and records every frame it receives. */
export class ChatClient {
  readonly frames: ServerFrame[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.frames.push(JSON.parse(String(data)));
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
  }

  /** Connects and resolves once the `ready` frame has arrived. `url` is the server's HTTP URL. */
  static async connect(url: string, token: string): Promise<ChatClient> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["chat.v1", `bearer.${token}`]);
    const client = new ChatClient(socket);
    await until(() => client.frames.some(({ type }) => type === "ready"));
    return client;
  }

  /** Sends a message without waiting for its answer. */
  post(to: string, content: string, ref: string): void {
    this.#socket.send(JSON.stringify({ to, content, ref }));
  }

  /** Sends a message and returns its ack or error. */
  async send(to: string, content: string, ref: string): Promise<Answer> {
    const before = this.frames.length;
    this.post(to, content, ref);
    return until(() => this.answers(before).find((answer) => answer.ref === ref));
  }

  answers(from = 0): Answer[] {
    return this.frames.slice(from).filter((frame) => frame.type === "ack" || frame.type === "error");
  }

  /** Waits for a message with this content. */
  message(content: string): Promise<Message> {
    const find = () =>
      this.frames.filter((frame) => frame.type === "message").find((frame) => frame.content === content);
    return until(find);
  }

  close(): void {
    this.#socket.close();
  }
}
