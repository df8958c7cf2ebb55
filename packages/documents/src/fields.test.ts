import { clientFrames, queries, responses, tokenRequest } from "@parley/models";
import { REAL_NAMES, username } from "@parley/models/test/usernames";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { createDocuments } from "./index.ts";

type JsonSchema = Record<string, unknown>;
type Accepts = (value: unknown) => boolean;

const made = createDocuments();
const [http, socket] = [JSON.parse(made.openapi), JSON.parse(made.asyncapi)];

/** Compiles a published schema as a client's generator does. */
function published(schema: JsonSchema): Accepts {
  const ajv = new Ajv({ strict: false });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

/** Random texts, many of them near the limits of a rule. */
const text = fc.oneof(
  username,
  fc.tuple(username, fc.nat(6), fc.string({ unit: "binary", maxLength: 3 })).map(([name, at, put]) => {
    return name.slice(0, at) + put + name.slice(at);
  }),
  fc.string({ unit: "grapheme", maxLength: 70 }),
  fc.string({ unit: fc.constantFrom("𠮷", "a", "क", "\u0316", "\u102c", "\ufe0f", "\ud800"), maxLength: 70 }),
  fc.constantFrom("", "a:b", "$ne", "a\n", "\u3164", "a".repeat(64), "a".repeat(65), "𠮷".repeat(64)),
);

function expectAgreement(inCode: Accepts, inDocument: Accepts): void {
  fc.assert(
    fc.property(text, (text) => {
      expect(inDocument(text)).toBe(inCode(text));
    }),
    { numRuns: 1000 },
  );
}

const isComposed = (value: unknown) => String(value).normalize("NFC") === value;
/** Refuses texts that aren't in composed form. A JSON Schema can't require this form, so the test adds the check. */
const withComposedForm =
  (accepts: Accepts): Accepts =>
  (value) =>
    isComposed(value) && accepts(value);

/** Every schema of both documents whose description says that it is a username. */
function usernameSchemas(): JsonSchema[] {
  const found: JsonSchema[] = [];
  JSON.stringify([http, socket], (_key, value) => {
    if (String(value?.description).startsWith("A username (P4)") && value.pattern) found.push(value);
    return value;
  });
  return found;
}

const ID = "1752674400123-0000000000-00";
const digit = fc.constantFrom(..."0123456789٣-");
/** Texts that are an id, or differ from one by a character. */
const nearId = fc.tuple(fc.nat(27), digit).map(([at, put]) => ID.slice(0, at) + put + ID.slice(at + 1));

const TIME = "2024-02-29T23:59:59.999+13:30";
/** Texts that are a time, or differ from one by a few characters. */
const nearTime = fc
  .tuple(
    fc.constantFrom(TIME, "2025-07-16T14:00:00Z", "1970-01-01t00:00:00z"),
    fc.array(fc.tuple(fc.nat(29), fc.constantFrom(..."0123456789-+:.TtZz ")), { maxLength: 2 }),
  )
  .map(([time, edits]) =>
    edits.reduce((text: string, [at, put]) => text.slice(0, at) + put + text.slice(at + 1), time),
  );

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: JsonSchema;
}

/** Every query parameter of the OpenAPI document, with the schema that parses it. */
const parameters = (
  [
    ["/messages", queries.page],
    ["/messages/{username}", queries.page],
    ["/sync", queries.sync],
    ["/feed", queries.feed],
    ["/conversations", queries.conversations],
  ] as const
).flatMap(([path, query]) =>
  (http.paths[path].get.parameters as Parameter[])
    .filter((parameter) => parameter.in === "query")
    .map(({ name, schema }) => ({
      name: `${path} ${name}`,
      schema,
      field: (query.shape as Record<string, z.ZodType>)[name],
    })),
);

describe("the published schemas agree with the code", () => {
  it.each(parameters)("P51, P53, P57, P63, P64: the query parameter $name", ({ schema, field }) => {
    const accepts = published(schema);
    const inDocument: Accepts = (value) => accepts(schema.type === "integer" ? Number(value) : value);
    const digits = fc.integer({ min: 0, max: 9_999 }).map(String);
    fc.assert(
      fc.property(
        schema.type === "integer" ? digits : fc.oneof(nearId, nearTime, text.filter(isComposed)),
        (value) => {
          expect(inDocument(value), value).toBe(field?.safeParse(value).success);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("P4: a username", () => {
    const schemas = usernameSchemas();
    expect(schemas.length).toBeGreaterThan(5);
    expect(new Set(schemas.map(({ pattern }) => pattern)).size).toBe(1);
    const [schema = {}] = schemas;
    const inCode: Accepts = (value) => tokenRequest.shape.username.safeParse(value).success;
    expectAgreement(inCode, withComposedForm(published(schema)));
    for (const name of Object.values(REAL_NAMES))
      expect(published(schema)(name.normalize("NFC")), name).toBe(true);
  });

  it("P4: a recipient", () => {
    const schema = socket.components.schemas.ClientMessage.properties.to;
    const inCode: Accepts = (value) => clientFrames.message.shape.to.safeParse(value).success;
    expectAgreement(inCode, withComposedForm(published(schema)));
  });

  it.each(["content", "ref"] as const)("P10, P12: %s", (field) => {
    const schema = socket.components.schemas.ClientMessage.properties[field];
    expectAgreement((value) => clientFrames.message.shape[field].safeParse(value).success, published(schema));
  });

  it("L2: an id", () => {
    const schema = http.components.schemas.Message.properties.id;
    const inCode: Accepts = (value) => responses.Message.shape.id.safeParse(value).success;
    const inDocument = published(schema);
    fc.assert(
      fc.property(fc.oneof(nearId, text), (id) => {
        expect(inDocument(id)).toBe(inCode(id));
      }),
    );
    for (const id of [
      "1752674400123-0000000000-00",
      "1752674400123-0000000000-01",
      "1752674400123-0000000000-00\n",
    ])
      expect(inDocument(id)).toBe(inCode(id));
  });
});
