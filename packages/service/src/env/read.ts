import type { z } from "zod";
import { ConfigError } from "./config-error.ts";

export type Fields = Readonly<Record<string, z.ZodType>>;

/** Variables that are judged together and give one value. Made by `group`. */
export interface Group<Value> {
  readonly variables: Fields;
  resolve(values: Readonly<Record<string, unknown>>): Value;
}

/** By variable name a field, or by any name a group. */
export type Shape = Readonly<Record<string, z.ZodType | Group<unknown>>>;

export type Env<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Group<infer V> ? V : S[K] extends z.ZodType ? z.output<S[K]> : never;
};

/**
 * `resolve` gets the values once each of them is good by itself, and throws a ConfigError for what does not fit
 * together. Its value stands in the result under the group's name.
 */
export function group<F extends Fields, Value>(
  variables: F,
  resolve: (values: { readonly [K in keyof F]: z.output<F[K]> }) => Value,
): Group<Value> {
  return { variables, resolve: (values) => resolve(values as { [K in keyof F]: z.output<F[K]> }) };
}

/**
 * The typed values of the environment. An empty or blank variable counts as unset; blanks around a value are
 * dropped. Throws one ConfigError that names every bad or missing variable, and never a value.
 */
export function readEnv<S extends Shape>(
  shape: S,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Env<S> {
  const problems: string[] = [];
  const entries = Object.entries(shape).map(([name, part]) => [name, readPart(name, part, env, problems)]);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(entries) as Env<S>;
}

type RawEnv = Readonly<Record<string, string | undefined>>;

function readPart(name: string, part: z.ZodType | Group<unknown>, env: RawEnv, problems: string[]): unknown {
  if (!isGroup(part)) return readField(name, part, env, problems);
  const before = problems.length;
  const values = Object.entries(part.variables).map(([key, field]) => [
    key,
    readField(key, field, env, problems),
  ]);
  if (problems.length > before) return undefined;
  try {
    return part.resolve(Object.fromEntries(values));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function readField(name: string, field: z.ZodType, env: RawEnv, problems: string[]): unknown {
  const text = Object.hasOwn(env, name) ? env[name]?.trim() : undefined;
  const value = text === "" ? undefined : text;
  const result = field.safeParse(value);
  if (result.success) return result.data;
  const reason = result.error.issues[0]?.message ?? "is not valid";
  problems.push(value === undefined ? `${name} is missing: it ${reason}` : `${name} ${reason}`);
  return undefined;
}

function isGroup(part: z.ZodType | Group<unknown>): part is Group<unknown> {
  return "resolve" in part;
}
