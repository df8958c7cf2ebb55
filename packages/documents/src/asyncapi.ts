import {
  CLOSE,
  clientFrames,
  DEFAULT_MAX_CONTENT_BYTES,
  MAX_FRAME_BYTES,
  serverFrames,
} from "@parley/models";
import { componentsOf, type JsonSchema, refTo } from "./schemas.ts";

type Frames = typeof clientFrames | typeof serverFrames;

/** AsyncAPI 3 for the WebSocket: which frames go which way, and what they hold. */
export function asyncapi(): JsonSchema {
  const said = { ...named("Client", clientFrames), ...named("Server", serverFrames) };
  const messages = Object.fromEntries(Object.keys(said).map((name) => [name, messageOf(name, said)]));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Parley: the WebSocket",
      version: "1",
      license: { name: "MIT" },
      description:
        "Each frame is one JSON object in a text frame. P1 to P61 are the rules of docs/protocol.md, which also has " +
        "a recipe for a client that misses nothing. A client ignores frames and fields that it does not know.",
    },
    defaultContentType: "application/json",
    servers: {
      here: {
        host: "localhost:8080",
        protocol: "ws",
        description: "Where `start` listens; `wss` behind TLS.",
      },
    },
    channels: {
      chat: {
        address: "/ws",
        description:
          "The token stands in `Authorization: Bearer <jwt>`, or in `Sec-WebSocket-Protocol` as " +
          "`chat.v1, bearer.<jwt>` (P1). A content has at most " +
          `${DEFAULT_MAX_CONTENT_BYTES} bytes unless the server is set otherwise, a frame ${MAX_FRAME_BYTES} (P12). ` +
          `Close codes (P40): ${closeCodes()}.`,
        messages: Object.fromEntries(
          Object.keys(said).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
        bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } },
      },
    },
    operations: {
      say: operation("receive", "What a client may say.", Object.keys(named("Client", clientFrames))),
      hear: operation("send", "What a server may say.", Object.keys(named("Server", serverFrames))),
    },
    components: { messages, schemas: componentsOf(said) },
  };
}

/** `Client` and `message` make `ClientMessage`: both sides have frames of the same type. */
function named(side: "Client" | "Server", frames: Frames) {
  return Object.fromEntries(
    Object.entries(frames).map(([type, schema]) => [
      `${side}${type[0]?.toUpperCase()}${type.slice(1)}`,
      schema,
    ]),
  );
}

function messageOf(name: string, said: ReturnType<typeof named>): JsonSchema {
  return { name, summary: said[name]?.meta()?.description ?? name, payload: refTo(name) };
}

/** As AsyncAPI has it, from the server's side. */
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
