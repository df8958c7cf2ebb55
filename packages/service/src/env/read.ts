import type { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { isSecret } from "./fields.ts";
import { FILE_SUFFIX, readSecretText } from "./secret-text.ts";

/** A field for each variable name. */
export type Fields = Readonly<Record<string, z.ZodType>>;

/** Variables that are validated together and produce one value. Created by `group`. */
export interface Group<Value> {
  readonly variables: Fields;
  resolve(values: Readonly<Record<string, unknown>>): Value;
}

/** The variables that a program reads: a field under its variable's name, a group under any name. */
export type Shape = Readonly<Record<string, z.ZodType | Group<unknown>>>;

/** The values that `readEnv` returns for a shape. */
export type Env<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends Group<infer V> ? V : S[K] extends z.ZodType ? z.output<S[K]> : never;
};

/**
 * Creates a group. `resolve` is called once each value is valid on its own. It throws a ConfigError for values that
 * don't fit together. `readEnv` returns the result of `resolve` under the group's name.
 */
export function group<F extends Fields, Value>(
  variables: F,
  resolve: (values: { readonly [K in keyof F]: z.output<F[K]> }) => Value,
): Group<Value> {
  return { variables, resolve: (values) => resolve(values as { [K in keyof F]: z.output<F[K]> }) };
}

/**
 * Reads typed values from the environment. An empty or blank variable counts as unset, and blanks around a value are
 * dropped. A secret may also be in a file, named by the variable with the suffix `_FILE`. Throws one ConfigError that
 * names every invalid or missing variable and never shows a value.
 */
export function readEnv<S extends Shape>(shape: S, env: RawEnv = process.env): Env<S> {
  const problems: string[] = [];
  const entries = Object.entries(shape).map(([name, part]) => [name, readPart(name, part, env, problems)]);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(entries) as Env<S>;
}

/** The variables of an environment, by name. */
export type RawEnv = Readonly<Record<string, string | undefined>>;

/** Returns the process' environment, with these values for variables that are set neither directly nor by a file. */
export function environmentWith(values: RawEnv): RawEnv {
  const isUnset = (name: string) =>
    [name, `${name}${FILE_SUFFIX}`].every((variable) => textIn(process.env, variable) === undefined);
  return { ...process.env, ...Object.fromEntries(Object.entries(values).filter(([name]) => isUnset(name))) };
}

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
    addProblems(error, problems);
    return undefined;
  }
}

function readField(name: string, field: z.ZodType, env: RawEnv, problems: string[]): unknown {
  const textOf = (variable: string) => textIn(env, variable);
  try {
    const value = isSecret(field) ? readSecretText(name, textOf) : textOf(name);
    const result = field.safeParse(value);
    if (result.success) return result.data;
    const reason = result.error.issues[0]?.message ?? "is not valid";
    problems.push(value === undefined ? `${name} is missing: it ${reason}` : `${name} ${reason}`);
  } catch (error) {
    addProblems(error, problems);
  }
  return undefined;
}

function textIn(env: RawEnv, name: string): string | undefined {
  const text = Object.hasOwn(env, name) ? env[name]?.trim() : undefined;
  return text === "" ? undefined : text;
}

/** Collects the problems of a ConfigError. Throws any other error again. */
function addProblems(error: unknown, problems: string[]): void {
  if (!(error instanceof ConfigError)) throw error;
  problems.push(...error.problems);
}

function isGroup(part: z.ZodType | Group<unknown>): part is Group<unknown> {
  return "resolve" in part;
}
