import {
  CLOSE,
  clientFrames,
  DEFAULT_MAX_CONTENT_BYTES,
  MAX_FRAME_BYTES,
  serverFrames,
} from "@parley/models";
import { componentsOf, type JsonSchema, refTo } from "./schemas.ts";

type Frames = typeof clientFrames | typeof serverFrames;

/** Generates the AsyncAPI 3 document of the WebSocket: the frames of both directions and their fields. */
export function asyncapi(): JsonSchema {
  const frames = { ...named("Client", clientFrames), ...named("Server", serverFrames) };
  const messages = Object.fromEntries(Object.keys(frames).map((name) => [name, messageOf(name, frames)]));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Parley: WebSocket API",
      version: "1",
      license: { name: "MIT" },
      description:
        "Each WebSocket text frame holds one JSON object. Clients must ignore frames and fields that they don't know. " +
        "P1 to P76 refer to the rules in docs/protocol.md, which also describes a client that misses nothing.",
    },
    defaultContentType: "application/json",
    servers: {
      here: {
        host: "localhost:8080",
        protocol: "ws",
        description: "The default address of `start`. Behind TLS the protocol is `wss`.",
      },
    },
    channels: {
      chat: {
        address: "/ws",
        description:
          "Send the token as `Authorization: Bearer <jwt>`, or in `Sec-WebSocket-Protocol` as " +
          "`chat.v1, bearer.<jwt>` (P1). A message's content may have up to " +
          `${DEFAULT_MAX_CONTENT_BYTES} bytes by default, a frame up to ${MAX_FRAME_BYTES} (P12). ` +
          `Close codes (P40): ${closeCodes()}.`,
        messages: Object.fromEntries(
          Object.keys(frames).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } },
      },
    },
    operations: {
      say: operation("receive", "Frames that clients send.", Object.keys(named("Client", clientFrames))),
      hear: operation("send", "Frames that the server sends.", Object.keys(named("Server", serverFrames))),
    },
    components: { messages, schemas: componentsOf(frames) },
  };
}

/** Names frames by side and type, such as `ClientMessage`, because both sides have frames of the same type. */
function named(side: "Client" | "Server", frames: Frames) {
  return Object.fromEntries(
    Object.entries(frames).map(([type, schema]) => [
      `${side}${type[0]?.toUpperCase()}${type.slice(1)}`,
      schema,
    ]),
  );
}

function messageOf(name: string, frames: ReturnType<typeof named>): JsonSchema {
  return { name, summary: frames[name]?.meta()?.description ?? name, payload: refTo(name) };
}

/** An operation from the server's point of view, as AsyncAPI defines `action`. */
function operation(action: "send" | "receive", summary: string, names: readonly string[]): JsonSchema {
  return {
    action,
    summary,
    channel: { $ref: "#/channels/chat" },
    messages: names.map((name) => ({ $ref: `#/channels/chat/messages/${name}` })),
  };
}

function closeCodes(): string {
  return Object.entries(CLOSE)
    .map(([name, code]) => `${code} ${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`)
    .join(", ");
}
