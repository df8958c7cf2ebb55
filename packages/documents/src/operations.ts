import { ERRORS, type ErrorCode, queries } from "@parley/models";
import { type JsonSchema, refTo, schemaOf } from "./schemas.ts";

export const JSON_BODY = "application/json";
/** Errors that every route may return. */
const COMMON_ERRORS: readonly ErrorCode[] = ["uri_too_long", "payload_too_large", "internal"];
/** Returns the query parameters of a kind of request. */
export function parametersOf(query: keyof typeof queries): JsonSchema[] {
  return Object.entries(queries[query].shape).map(([name, field]) => {
    const { description, ...schema } = schemaOf(field);
    return { name, in: "query", required: false, description, schema };
  });
}

/** Returns a response with a body of this schema. */
export function jsonResponse(description: string, schema: string): JsonSchema {
  return { description, content: { [JSON_BODY]: { schema: refTo(schema) } } };
}

/** Groups error codes by HTTP status, one response for each status. */
export function errorResponses(codes: readonly ErrorCode[]): Record<string, JsonSchema> {
  const byStatus = Object.groupBy([...codes, ...COMMON_ERRORS], (code) => String(ERRORS[code].status));
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, group = []]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERRORS[code].message}`).join(" "),
        content: { "application/problem+json": { schema: refTo("Problem") } },
        ...(group.some((code) => ERRORS[code].temporary) && {
          headers: {
            "Retry-After": {
              description: "Seconds to wait before a retry, if known.",
              schema: { type: "integer" },
            },
          },
        }),
      },
    ]),
  );
}
