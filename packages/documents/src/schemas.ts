import { z } from "zod";

export type JsonSchema = Record<string, unknown>;

const AT = "#/components/schemas/";

/** Removes the `$id` and `$schema` that zod adds to each schema: the documents use `$ref` only. */
function withoutIds({ $id: _, $schema: __, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/**
 * Generates the named schemas in their input form. If a schema is used in another schema, that one refers to it by
 * `$ref`.
 */
export function componentsOf(named: Readonly<Record<string, z.ZodType>>): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => AT + id, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutIds(schema as JsonSchema)]),
  );
}

/** Generates one schema in its output form: a query parameter arrives as text but is documented as a number. */
export function schemaOf(schema: z.ZodType): JsonSchema {
  return withoutIds(z.toJSONSchema(schema, { io: "output" }) as JsonSchema);
}

/** Returns a reference to a named schema. */
export function refTo(name: string): { $ref: string } {
  return { $ref: AT + name };
}
