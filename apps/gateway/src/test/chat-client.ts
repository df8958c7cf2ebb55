import { until } from "@parley/async";
import type { ServerFrame } from "@parley/models";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { RunningGateway } from "./running-gateway.ts";

export type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** A WebSocket client that records everything it receives. */
export class ChatClient {
  readonly ws: WebSocket;
  readonly texts: string[] = [];
  readonly frames: ServerFrame[] = [];
  pings = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** The HTTP answer that refused the upgrade. */
  refused:
    | { readonly status: number; readonly body: string; readonly headers: Record<string, unknown> }
    | undefined;

  constructor(url: string, protocols: string[], headers: Record<string, string> = {}) {
    this.ws = new WebSocket(url, protocols, { headers });
    this.ws.on("message", (data) => {
      const text = String(data);
      this.texts.push(text);
      this.frames.push(JSON.parse(text));
    });
    this.ws.on("ping", () => {
      this.pings += 1;
    });
    this.ws.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    this.ws.on("error", () => undefined);
    this.ws.on("unexpected-response", (_req, res) => {
      let body = "";
      res.on("data", (chunk) => {
        body += chunk;
      });
      res.on("end", () => {
        this.refused = { status: res.statusCode ?? 0, body, headers: res.headers };
      });
    });
  }

  send(frame: object): void {
    this.ws.send(JSON.stringify(frame));
  }

  framesOf<T extends ServerFrame["type"]>(type: T): Frame<T>[] {
    return this.frames.filter((frame): frame is Frame<T> => frame.type === type);
  }

  /** Waits for the `count`th frame of a type. */
  async waitFor<T extends ServerFrame["type"]>(type: T, count = 1): Promise<Frame<T>> {
    return until(() => this.framesOf(type)[count - 1], `${count} frames of type ${type}`);
  }

  async waitForOpen(): Promise<this> {
    await until(() => this.ws.readyState === WebSocket.OPEN, "open");
    return this;
  }

  async waitForClose(): Promise<{ readonly code: number; readonly reason: string }> {
    return until(() => this.closed, "closed");
  }

  contents(): string[] {
    return this.framesOf("message").map(({ content }) => content);
  }
}

/** Connects with `chat.v1` and waits for `ready`. Disconnects at the end of the test. */
export async function connectClient(gateway: RunningGateway, user: string): Promise<ChatClient> {
  const client = new ChatClient(gateway.wsUrl, ["chat.v1", `bearer.${await gateway.token(user)}`]);
  onTestFinished(() => client.ws.terminate());
  await client.waitFor("ready");
  return client;
}

/** Connects with `Bearer, <jwt>`, without `chat.v1` (P22). Disconnects at the end of the test. */
export async function connectPlainClient(gateway: RunningGateway, user: string): Promise<ChatClient> {
  const client = new ChatClient(gateway.wsUrl, ["Bearer", await gateway.token(user)]);
  onTestFinished(() => client.ws.terminate());
  return client.waitForOpen();
}
