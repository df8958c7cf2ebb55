import { type ErrorCode, editRequest, responses, sendRequest, tokenRequest } from "@parley/models";
import { errorResponses, JSON_BODY, jsonResponse, parametersOf } from "./operations.ts";
import { componentsOf, type JsonSchema, refTo, schemaOf } from "./schemas.ts";

/** Further errors that the history routes may return (P55). */
const HISTORY_ERRORS: readonly ErrorCode[] = [
  "invalid_parameter",
  "invalid_username",
  "token_missing",
  "token_expired",
  "token_revoked",
  "user_blocked",
  "unauthorized",
  "forbidden",
  "origin_not_allowed",
  "rate_limited",
  "too_many_connections",
  "overloaded",
  "unavailable",
];

const HISTORY = ["History"];

const username = {
  name: "username",
  in: "path",
  required: true,
  description:
    "The other user of the conversation. The usernames `.` and `..` cannot appear in a path: read their " +
    "conversations from `/sync` (P4).",
  schema: schemaOf(tokenRequest.shape.username),
};

const messageId = {
  name: "id",
  in: "path",
  required: true,
  description: "The id of a message, from an ack, a live message or history.",
  schema: schemaOf(responses.Message.shape.id),
};

/** Generates the OpenAPI 3.1 document of everything served over HTTP on the public port. */
export function openapi(): JsonSchema {
  return {
    openapi: "3.1.1",
    info: {
      title: "Parley: HTTP API",
      version: "1",
      description:
        "Sending, history and tokens over HTTP. The frames of the WebSocket at `/ws` are documented in asyncapi.json. " +
        "P1 to P76 refer to the rules in docs/protocol.md.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This server." }],
    security: [{ token: [] }],
    tags: [
      {
        name: "History",
        description:
          "Every response includes all messages and changes acknowledged before its request (P56, P75).",
      },
      { name: "Sending", description: "Messages of programs that hold no connection open (P62)." },
      { name: "Changes", description: "Edits and deletions of messages (P73)." },
      { name: "Tokens", description: "Development tokens for trying Parley out (P60)." },
      { name: "WebSocket", description: "The WebSocket's address, also as a plain request (P3)." },
    ],
    paths: {
      "/messages": { get: messagesOperation("Reads the public room (P52)", "readRoom", []) },
      "/messages/{username}": {
        get: messagesOperation("Reads the conversation with one user (P50, P51)", "readConversation", [
          username,
        ]),
      },
      "/message/{id}": {
        get: {
          operationId: "readMessage",
          tags: HISTORY,
          summary: "Reads one message, also under a later id with which it was acknowledged (P58, P59)",
          parameters: [messageId, ...parametersOf("message")],
          responses: {
            200: jsonResponse("The message.", "Message"),
            ...errorResponses([...HISTORY_ERRORS, "not_found"]),
          },
        },
        patch: {
          ...changeOperation("editMessage", "Edits a message of the caller (P73)", [
            "invalid_json",
            "invalid_message",
            "content_too_long",
            "unsupported_media_type",
          ]),
          parameters: [messageId],
          requestBody: { required: true, content: { [JSON_BODY]: { schema: refTo("EditRequest") } } },
        },
        delete: {
          ...changeOperation(
            "deleteMessage",
            "Deletes a message of the caller, or any with `moderate` (P73)",
          ),
          parameters: [messageId, { ...parametersOf("deletion")[0], required: true }],
        },
      },
      "/sync": {
        get: {
          operationId: "sync",
          tags: HISTORY,
          summary:
            "Reads everything the user may see after a cursor, and what was changed after it (P53, P75)",
          parameters: parametersOf("sync"),
          responses: {
            200: jsonResponse("A page, in log order.", "SyncPage"),
            ...errorResponses(HISTORY_ERRORS),
          },
        },
      },
      "/feed": {
        get: {
          operationId: "readFeed",
          tags: HISTORY,
          summary: "Reads what all users send, with a token with the scope `history:all` (P63)",
          parameters: parametersOf("feed"),
          responses: {
            200: jsonResponse("A page, in log order.", "FeedPage"),
            ...errorResponses(HISTORY_ERRORS.filter((code) => code !== "invalid_username")),
          },
        },
      },
      "/conversations": {
        get: {
          operationId: "listConversations",
          tags: HISTORY,
          summary:
            "Lists the user's private conversations, each with its last message and how far it is read (P57, P71)",
          parameters: parametersOf("conversations"),
          responses: {
            200: jsonResponse("A page, newest first.", "ConversationsPage"),
            ...errorResponses(HISTORY_ERRORS),
          },
        },
      },
      "/send": { post: sendOperation() },
      "/auth/token": { post: tokenOperation() },
      "/ws": { get: webSocketOperation() },
    },
    components: {
      schemas: componentsOf({
        ...responses,
        SendRequest: sendRequest,
        EditRequest: editRequest,
        TokenRequest: tokenRequest,
      }),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "A JWT whose `sub` is the username (P61). Services have more rights by its `scope`: `history:read` (P54), " +
            "`messages:send` (P62), `history:all` (P63), `moderate` (P73).",
        },
      },
    },
  };
}

function messagesOperation(summary: string, operationId: string, path: readonly object[]): JsonSchema {
  const links = {
    Link: {
      description: 'For a page: addresses of the older (`rel="prev"`) and newer (`rel="next"`) messages.',
      schema: { type: "string" },
    },
  };
  return {
    operationId,
    tags: HISTORY,
    summary,
    description:
      "Without `limit`, `before` and `after`, the whole conversation is streamed. If an error occurs after the first " +
      "byte, the server breaks the connection, so that an incomplete response never parses as JSON.",
    parameters: [...path, ...parametersOf("page")],
    responses: {
      200: { ...jsonResponse("Messages, oldest first.", "Messages"), headers: links },
      ...errorResponses(HISTORY_ERRORS),
    },
  };
}

function changeOperation(
  operationId: string,
  summary: string,
  errors: readonly ErrorCode[] = [],
): JsonSchema {
  return {
    operationId,
    tags: ["Changes"],
    summary,
    description:
      "Responds once the change is durable. A request that is repeated with the same `ref` gets the same response.",
    responses: {
      200: jsonResponse("The change is durable.", "Receipt"),
      ...errorResponses([
        ...HISTORY_ERRORS.filter((code) => code !== "invalid_username"),
        ...errors,
        "not_found",
        "message_deleted",
        "ref_reused",
        "not_enabled",
        "backlog_full",
      ]),
    },
  };
}

function sendOperation(): JsonSchema {
  return {
    operationId: "sendMessage",
    tags: ["Sending"],
    summary: "Sends a message, and responds once it is durable (P62)",
    description:
      "A request that is repeated with the same `ref` gets the same id, and the message exists once. So repeat a request " +
      "after a temporary error, after `Retry-After`, and also if no response came.",
    requestBody: { required: true, content: { [JSON_BODY]: { schema: refTo("SendRequest") } } },
    responses: {
      200: jsonResponse("The message is durable.", "Receipt"),
      ...errorResponses([
        "invalid_json",
        "invalid_message",
        "unknown_type",
        "invalid_parameter",
        "content_too_long",
        "ref_reused",
        "not_enabled",
        "rate_limited",
        "too_many_connections",
        "backlog_full",
        "unavailable",
        "draining",
        "overloaded",
        "token_missing",
        "token_expired",
        "token_revoked",
        "user_blocked",
        "unauthorized",
        "forbidden",
        "origin_not_allowed",
        "unsupported_media_type",
      ]),
    },
  };
}

function tokenOperation(): JsonSchema {
  return {
    operationId: "giveToken",
    tags: ["Tokens"],
    summary: "Issues a development token for any username, if AUTH_DEV_TOKENS allows it (P60)",
    security: [],
    requestBody: { required: true, content: { [JSON_BODY]: { schema: refTo("TokenRequest") } } },
    responses: {
      200: jsonResponse("A token.", "Token"),
      ...errorResponses([
        "invalid_json",
        "invalid_username",
        "forbidden",
        "origin_not_allowed",
        "not_found",
        "unsupported_media_type",
      ]),
    },
  };
}

function webSocketOperation(): JsonSchema {
  return {
    operationId: "connect",
    tags: ["WebSocket"],
    summary: "Upgrades to a WebSocket (P1). A plain GET reports whether an upgrade would succeed (P3)",
    responses: {
      101: { description: "The connection is upgraded. Its frames are documented in asyncapi.json." },
      ...errorResponses([
        "upgrade_required",
        "invalid_parameter",
        "token_missing",
        "token_expired",
        "token_revoked",
        "user_blocked",
        "unauthorized",
        "origin_not_allowed",
        "too_many_connections",
        "draining",
        "overloaded",
        "unavailable",
      ]),
    },
  };
}
