import { stripTypeScriptTypes } from "node:module";
import type { Rule } from "./import-rules.ts";
import { isCode, isForTests, type Source } from "./source.ts";

const MAX_LINES = 300;
const MAX_LINES_OF_MAIN = 60;

/** Packages with commands that people run. Code in these packages may print and read the environment. */
const COMMANDS = /^packages\/(local|testkit|bench|chaos|e2e)\//;
const VAGUE_NAMES = /(^|\/)(utils?|helpers?|common)(\.[^/]*)?(\/|$)/i;

/** Absolute paths that exist only on one machine. */
const MACHINE_PATHS = /(^|[\s"'`(=:])\/(work|home\/\w+|Users\/\w+|root)(\/|\b)/m;
const REGISTRIES = /https?:\/\/[\w.-]*(registry|npmjs|pypi|pythonhosted|artifactory|nexus|verdaccio)/i;
const REGISTRY_SETTINGS = /_authToken\s*=|^\s*(registry|(extra-)?index-url|@[\w-]+:registry)\s*=\s*https?:/m;

/** The number of comment lines that open with a question word must stay below this. */
export const MAX_QUESTION_COMMENTS = 40;
const QUESTION_COMMENT = /^ *(?:\/[*][*]|[*]|\/\/) +(?:What|Who|Whom|Whether|Where|How|One who)(?: |$)/gm;
const LISTED_FILES = 10;

/** A file has few enough lines to read in one go. */
export const filesAreShort: Rule = (sources) =>
  sources.filter(isCode).flatMap((source) => {
    const max = /^apps\/[^/]+\/src\/main\.ts$/.test(source.path) ? MAX_LINES_OF_MAIN : MAX_LINES;
    const lines = source.text.trimEnd().split("\n").length;
    return lines > max ? [`${source.path}: ${lines} lines, at most ${max}`] : [];
  });

/** Files and folders have specific names. */
export const namesAreSpecific: Rule = (sources) =>
  sources.filter(({ path }) => VAGUE_NAMES.test(path)).map(({ path }) => `${path}: the name is too vague`);

/** Product code never writes to the console. Services log instead. */
export const onlyCommandsPrint: Rule = (sources) =>
  product(sources)
    .filter(({ text }) => /\bconsole\.\w+/.test(withoutStrings(text)))
    .map(({ path }) => `${path}: writes to the console`);

/** Product code reads the environment only through `readEnv` in packages/service. */
export const onlyReadEnvReadsTheEnvironment: Rule = (sources) =>
  product(sources)
    .filter(
      ({ path, text }) => /\bprocess\.env\b/.test(text) && !path.startsWith("packages/service/src/env/"),
    )
    .map(({ path }) => `${path}: reads the environment`);

const HTTP_SERVER = "packages/service/src/http/server/http-server.ts";
const CREATES_SERVER = /import\s*\{[^}]*\bcreateServer\b[^}]*\}\s*from\s*"node:https?"/;

/**
 * Only one file creates HTTP servers. Its servers survive errors of their clients, and limit the resources that a
 * client may use (G5).
 */
export const serversAreCreatedInOnePlace: Rule = (sources) =>
  sources
    .filter((source) => isCode(source) && source.path !== HTTP_SERVER && CREATES_SERVER.test(source.text))
    .filter(
      ({ path }) =>
        !/\.test\.ts$|-rig\.ts$|\/test\//.test(path) && !/^packages\/(bench|chaos|e2e)\//.test(path),
    )
    .map(({ path }) => `${path}: creates an HTTP server; use createHttpServer of @parley/service`);

/**
 * Node itself can run every source file. Its parser strips types without a compiler and refuses some valid
 * TypeScript.
 */
export const nodeRunsTheSource: Rule = (sources) =>
  sources
    .filter((source) => isCode(source) && source.path.endsWith(".ts"))
    .flatMap(({ path, text }) => {
      try {
        stripTypeScriptTypes(text);
        return [];
      } catch (error) {
        return [`${path}: Node can't run it: ${error instanceof Error ? error.message : error}`];
      }
    });

/** No file contains a path that exists only on one machine, or the address of a package registry. */
export const nothingIsMachineSpecific: Rule = (sources) =>
  sources.flatMap(({ path, text }) => [
    ...(MACHINE_PATHS.test(text)
      ? [`${path}: contains a path of one machine: ${MACHINE_PATHS.exec(text)?.[0].trim()}`]
      : []),
    ...(REGISTRIES.test(text) || REGISTRY_SETTINGS.test(text)
      ? [`${path}: contains a registry's address`]
      : []),
  ]);

/**
 * Comments state facts: "Reasons the gateway isn't ready" rather than "What keeps it from being ready". A line that
 * opens with a question word (What, Who, Where) usually belongs to a sentence that is hard to read. A few are fine.
 */
export const commentsOpenWithFacts: Rule = (sources) => {
  const counts = sources
    .filter(({ path }) => /\.tsx?$/.test(path))
    .map(({ path, text }) => ({ path, count: [...text.matchAll(QUESTION_COMMENT)].length }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total < MAX_QUESTION_COMMENTS) return [];
  const files = counts.slice(0, LISTED_FILES).map(({ path, count }) => `${path} (${count})`);
  return [
    `${total} comment lines open with a question word, fewer than ${MAX_QUESTION_COMMENTS} may: ${files.join(", ")}`,
  ];
};

function product(sources: readonly Source[]): Source[] {
  return sources.filter(
    (source) =>
      isCode(source) &&
      !isForTests(source) &&
      !COMMANDS.test(source.path) &&
      !/\.config\.ts$/.test(source.path),
  );
}

/** Returns code with every string replaced by an empty one. */
export function withoutStrings(text: string): string {
  return text.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "``");
}
