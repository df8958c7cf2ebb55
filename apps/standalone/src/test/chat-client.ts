import { until } from "@parley/async";
import type { Message, ServerFrame } from "@parley/models";

type Answer = Extract<ServerFrame, { type: "ack" | "error" }>;

/** A client that speaks the raw protocol and remembers what it was told. */
export class Chatter {
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

  /** Resolves once `ready` has come. `url` is the server's own, `http://…`. */
  static async connect(url: string, token: string): Promise<Chatter> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, ["chat.v1", `bearer.${token}`]);
    const chatter = new Chatter(socket);
    await until(() => chatter.frames.some(({ type }) => type === "ready"));
    return chatter;
  }

  /** Sends and does not wait. */
  post(to: string, content: string, ref: string): void {
    this.#socket.send(JSON.stringify({ to, content, ref }));
  }

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
