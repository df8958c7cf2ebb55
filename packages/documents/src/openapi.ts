import { answers, ERRORS, type ErrorCode, queries, tokenRequest } from "@parley/models";
import { componentsOf, type JsonSchema, refTo, schemaOf } from "./schemas.ts";

/** What any request for history may be refused with (P55), and what every route may. */
const OF_ANY: readonly ErrorCode[] = ["uri_too_long", "payload_too_large", "internal"];
const OF_HISTORY: readonly ErrorCode[] = [
  "invalid_parameter",
  "invalid_username",
  "token_missing",
  "token_expired",
  "unauthorized",
  "forbidden",
  "too_many_connections",
  "overloaded",
  "unavailable",
];

const JSON_BODY = "application/json";
const HISTORY = ["History"];

const username = {
  name: "username",
  in: "path",
  required: true,
  description:
    "With whom. `.` and `..` cannot stand in an address: read their conversations from /sync (P4).",
  schema: schemaOf(tokenRequest.shape.username),
};

/** OpenAPI 3.1 for everything that is served over HTTP on the public port. */
export function openapi(): JsonSchema {
  return {
    openapi: "3.1.1",
    info: {
      title: "Parley: history and tokens",
      version: "1",
      description:
        "What a Parley server answers over HTTP. What travels over the WebSocket of `/ws` is in asyncapi.json. " +
        "P1 to P61 are the rules of docs/protocol.md.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This server." }],
    security: [{ token: [] }],
    tags: [
      {
        name: "History",
        description: "An answer holds every message acknowledged before its request (P56).",
      },
      { name: "Tokens", description: "For a first try (P60)." },
      { name: "WebSocket", description: "The same address asked plainly (P3)." },
    ],
    paths: {
      "/messages": { get: messages("The public room (P52)", "readRoom", []) },
      "/messages/{username}": {
        get: messages("The conversation with one user (P50, P51)", "readConversation", [username]),
      },
      "/sync": {
        get: {
          operationId: "sync",
          tags: HISTORY,
          summary: "Everything one may see after a cursor (P53)",
          parameters: parametersOf("sync"),
          responses: { 200: answered("A page, in log order.", "SyncPage"), ...refusals(OF_HISTORY) },
        },
      },
      "/conversations": {
        get: {
          operationId: "listConversations",
          tags: HISTORY,
          summary: "One's private conversations, each with its last message (P57)",
          parameters: parametersOf("conversations"),
          responses: { 200: answered("A page, newest first.", "ConversationsPage"), ...refusals(OF_HISTORY) },
        },
      },
      "/auth/token": { post: giveToken() },
      "/ws": { get: notUpgraded() },
    },
    components: {
      schemas: componentsOf({ ...answers, TokenRequest: tokenRequest }),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "Its `sub` is the user (P61).",
        },
      },
    },
  };
}

function messages(summary: string, operationId: string, path: readonly object[]): JsonSchema {
  const links = {
    Link: {
      description: 'Of a page: where older messages (`rel="prev"`) and newer ones (`rel="next"`) are.',
      schema: { type: "string" },
    },
  };
  return {
    operationId,
    tags: HISTORY,
    summary,
    description:
      "Without `limit`, `before` and `after`: all of it, streamed. A failure after the first byte breaks the " +
      "connection off, so that the JSON never parses.",
    parameters: [...path, ...parametersOf("page")],
    responses: {
      200: { ...answered("Messages, oldest first.", "Messages"), headers: links },
      ...refusals(OF_HISTORY),
    },
  };
}

function giveToken(): JsonSchema {
  return {
    operationId: "giveToken",
    tags: ["Tokens"],
    summary: "A token for whoever asks, where AUTH_DEV_TOKENS permits it (P60)",
    security: [],
    requestBody: { required: true, content: { [JSON_BODY]: { schema: refTo("TokenRequest") } } },
    responses: {
      200: answered("A token.", "Token"),
      ...refusals([
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

function notUpgraded(): JsonSchema {
  return {
    operationId: "connect",
    tags: ["WebSocket"],
    summary: "Upgrades to a WebSocket (P1); asked plainly it says whether an upgrade would succeed (P3)",
    responses: {
      101: { description: "The upgrade. What follows is in asyncapi.json." },
      ...refusals([
        "upgrade_required",
        "invalid_parameter",
        "token_missing",
        "token_expired",
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

function parametersOf(query: keyof typeof queries): JsonSchema[] {
  return Object.entries(queries[query].shape).map(([name, field]) => {
    const { description, ...schema } = schemaOf(field);
    return { name, in: "query", required: false, description, schema };
  });
}

function answered(description: string, schema: string): JsonSchema {
  return { description, content: { [JSON_BODY]: { schema: refTo(schema) } } };
}

/** By status: the codes that it stands for. */
function refusals(codes: readonly ErrorCode[]): Record<string, JsonSchema> {
  const byStatus = Object.groupBy([...codes, ...OF_ANY], (code) => String(ERRORS[code].status));
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, group = []]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join(" "),
        content: { "application/problem+json": { schema: refTo("Problem") } },
        ...(group.some((code) => ERRORS[code].temporary) && {
          headers: {
            "Retry-After": { description: "In seconds, where it is known.", schema: { type: "integer" } },
          },
        }),
      },
    ]),
  );
}
