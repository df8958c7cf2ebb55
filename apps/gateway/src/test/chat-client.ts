import { until } from "@parley/async";
import type { ServerFrame } from "@parley/models";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { House } from "./running-gateway.ts";

export type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;

/** A client of `ws`, that keeps all it gets. */
export class Chatter {
  readonly ws: WebSocket;
  readonly texts: string[] = [];
  readonly frames: ServerFrame[] = [];
  pings = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** What kept it from opening. */
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

  say(frame: object): void {
    this.ws.send(JSON.stringify(frame));
  }

  of<T extends ServerFrame["type"]>(type: T): Frame<T>[] {
    return this.frames.filter((frame): frame is Frame<T> => frame.type === type);
  }

  /** The `count`th frame of this type, once there is one. */
  async get<T extends ServerFrame["type"]>(type: T, count = 1): Promise<Frame<T>> {
    return until(() => this.of(type)[count - 1], `${count} frames of type ${type}`);
  }

  async opened(): Promise<this> {
    await until(() => this.ws.readyState === WebSocket.OPEN, "open");
    return this;
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    return until(() => this.closed, "closed");
  }

  contents(): string[] {
    return this.of("message").map(({ content }) => content);
  }
}

/** Connects under `chat.v1`, and waits for `ready`. */
export async function chatter(house: House, user: string): Promise<Chatter> {
  const made = new Chatter(`ws://127.0.0.1:${house.port}/ws`, [
    "chat.v1",
    `bearer.${await house.token(user)}`,
  ]);
  onTestFinished(() => made.ws.terminate());
  await made.get("ready");
  return made;
}

/** Connects with a bare `Bearer, <jwt>`: without `chat.v1` (P22). */
export async function plainChatter(house: House, user: string): Promise<Chatter> {
  const made = new Chatter(`ws://127.0.0.1:${house.port}/ws`, ["Bearer", await house.token(user)]);
  onTestFinished(() => made.ws.terminate());
  return made.opened();
}
