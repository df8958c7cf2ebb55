import type { z } from "zod";
import type { Shape } from "./read.ts";

/** A variable as documentation shows it. */
export interface VariableDescription {
  readonly name: string;
  readonly description: string;
  /** As one would write it, or in words; undefined where there is none. */
  readonly default: string | undefined;
}

/** Every variable that `readEnv` would read for this shape, groups unfolded, in the order given. */
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
