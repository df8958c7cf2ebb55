import type { Rule } from "./import-rules.ts";
import { isCode, isForTests, type Source } from "./source.ts";

const MOST_LINES = 300;
const MOST_LINES_OF_MAIN = 60;

/** Commands that people run: they print, and they read the environment. */
const COMMANDS = /^packages\/(local|testkit|bench|chaos|e2e)\//;
const NAMES_NOTHING = /(^|\/)(utils?|helpers?|common)(\.[^/]*)?(\/|$)/i;

/** A folder of somebody's machine, or of the machine this was written on. */
const FOLDERS = /(^|[\s"'`(=:])\/(work|home\/\w+|Users\/\w+|root)(\/|\b)/m;
const REGISTRIES = /https?:\/\/[\w.-]*(registry|npmjs|pypi|pythonhosted|artifactory|nexus|verdaccio)/i;
const REGISTRY_SETTINGS = /_authToken\s*=|^\s*(registry|(extra-)?index-url|@[\w-]+:registry)\s*=\s*https?:/m;

export const filesAreShort: Rule = (sources) =>
  sources.filter(isCode).flatMap((source) => {
    const most = /^apps\/[^/]+\/src\/main\.ts$/.test(source.path) ? MOST_LINES_OF_MAIN : MOST_LINES;
    const lines = source.text.trimEnd().split("\n").length;
    return lines > most ? [`${source.path}: ${lines} lines, at most ${most}`] : [];
  });

export const namesSayWhatItIs: Rule = (sources) =>
  sources.filter(({ path }) => NAMES_NOTHING.test(path)).map(({ path }) => `${path}: its name says nothing`);

export const nobodyPrintsButCommands: Rule = (sources) =>
  product(sources)
    .filter(({ text }) => /\bconsole\.\w+/.test(withoutStrings(text)))
    .map(({ path }) => `${path}: writes to the console`);

/** The environment is read by `readEnv` alone, in packages/service. */
export const nobodyReadsTheEnvironment: Rule = (sources) =>
  product(sources)
    .filter(
      ({ path, text }) => /\bprocess\.env\b/.test(text) && !path.startsWith("packages/service/src/env/"),
    )
    .map(({ path }) => `${path}: reads the environment`);

export const nothingOfOneMachine: Rule = (sources) =>
  sources.flatMap(({ path, text }) => [
    ...(FOLDERS.test(text)
      ? [`${path}: names a folder of one machine: ${FOLDERS.exec(text)?.[0].trim()}`]
      : []),
    ...(REGISTRIES.test(text) || REGISTRY_SETTINGS.test(text) ? [`${path}: names a registry`] : []),
  ]);

function product(sources: readonly Source[]): Source[] {
  return sources.filter(
    (source) =>
      isCode(source) &&
      !isForTests(source) &&
      !COMMANDS.test(source.path) &&
      !/\.config\.ts$/.test(source.path),
  );
}

function withoutStrings(text: string): string {
  return text.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "``");
}
