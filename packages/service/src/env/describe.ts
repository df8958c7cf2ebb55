import type { z } from "zod";
import { isSecret } from "./fields.ts";
import type { Shape } from "./read.ts";
import { FILE_SUFFIX } from "./secret-text.ts";

/** A variable as the documentation and `parley doctor` show it. */
export interface VariableDescription {
  readonly name: string;
  readonly description: string;
  /** The default as text for the environment, or in words. Undefined if there is none. */
  readonly default: string | undefined;
}

/**
 * Describes every variable that `readEnv` reads for this shape, in the shape's order, with groups expanded. The variable
 * for a secret's file follows the secret's own variable.
 */
export function describeEnv(shape: Shape): VariableDescription[] {
  return Object.entries(shape).flatMap(([name, part]) =>
    "resolve" in part ? describeEnv(part.variables) : describeVariables(name, part),
  );
}

function describeVariables(name: string, field: z.ZodType): VariableDescription[] {
  const variable = describeField(name, field);
  if (!isSecret(field)) return [variable];
  const description = `Path of a file that holds \`${name}\`, such as a container's secret. Cannot be combined with \`${name}\`.`;
  return [variable, { name: `${name}${FILE_SUFFIX}`, description, default: undefined }];
}

function describeField(name: string, field: z.ZodType): VariableDescription {
  const { description = "", defaultInWords } = field.meta() ?? {};
  return {
    name,
    description,
    default: typeof defaultInWords === "string" ? defaultInWords : defaultOf(field),
  };
}

function defaultOf(field: z.ZodType): string | undefined {
  const { data } = field.safeParse(undefined);
  return data === undefined ? undefined : String(data);
}
