import { z } from "zod";

export type JsonSchema = Record<string, unknown>;

const AT = "#/components/schemas/";

/** zod's own words about where a schema stands are not for the documents; a `$ref` is. */
function withoutOwnName({ $id: _, $schema: __, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/** Schemas under their names, each a `$ref` where another one has it. As whoever writes such a value sees it. */
export function componentsOf(named: Readonly<Record<string, z.ZodType>>): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => AT + id, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutOwnName(schema as JsonSchema)]),
  );
}

/** One schema by itself, as what it makes of its input: a query's parameter is text, and read as a number. */
export function schemaOf(schema: z.ZodType): JsonSchema {
  return withoutOwnName(z.toJSONSchema(schema, { io: "output" }) as JsonSchema);
}

export function refTo(name: string): { $ref: string } {
  return { $ref: AT + name };
}
