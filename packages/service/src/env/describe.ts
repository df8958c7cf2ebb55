import type { z } from "zod";
import type { Shape } from "./read.ts";

/** A variable as documentation and the doctor show it. */
export interface VariableDescription {
  readonly name: string;
  readonly description: string;
  /** The default as text for the environment, or in words. Undefined if there is none. */
  readonly default: string | undefined;
}

/** Describes every variable that `readEnv` reads for this shape, in the shape's order, with groups expanded. */
export function describeEnv(shape: Shape): VariableDescription[] {
  return Object.entries(shape).flatMap(([name, part]) =>
    "resolve" in part ? describeEnv(part.variables) : [describeField(name, part)],
  );
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
