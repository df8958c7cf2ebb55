import { importsOf, isCode, isForTests, packageOf, type Source, workspaceOf } from "./source.ts";

/** Returns the violations of a rule, one line each. */
export type Rule = (sources: readonly Source[]) => string[];

/** Packages of this repository that each package or app may import. Packages for tests may import any package. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "packages/async": [],
  "packages/models": [],
  "packages/private-files": [],
  "packages/auth": ["async"],
  "packages/bus": ["async", "models"],
  "packages/store": ["models", "private-files"],
  "packages/service": ["models", "private-files"],
  "packages/client": ["models"],
  "packages/documents": ["models"],
  // This package generates documentation from the code, such as the list of the apps' environment variables.
  "packages/reference": [
    "documents",
    "monitoring",
    "service",
    "gateway",
    "persister",
    "history-api",
    "standalone",
    "cli",
  ],
  // This package checks the alerts and the dashboard against the metrics of the apps.
  "packages/monitoring": ["service", "telemetry", "gateway", "persister", "history-api"],
  "packages/page": [],
  "packages/telemetry": ["async", "auth", "bus", "store", "service"],
  "apps/gateway": ["async", "models", "auth", "bus", "service", "telemetry", "page"],
  "apps/persister": ["async", "models", "auth", "bus", "store", "service", "telemetry"],
  "apps/history-api": ["async", "models", "auth", "bus", "store", "service", "telemetry", "documents"],
  // The CLI chats only through the client. Its commands `doctor` and `token` use the other packages.
  "apps/cli": ["models", "auth", "client", "bus", "store", "service", "gateway", "history-api"],
  "apps/standalone": [
    "models",
    "auth",
    "bus",
    "store",
    "service",
    "telemetry",
    "page",
    "gateway",
    "persister",
    "history-api",
  ],
  "apps/web": ["client"],
};

/**
 * External packages that each of these packages and apps may import. A package or app that isn't listed may import
 * any.
 */
const MAY_IMPORT_EXTERNAL: Readonly<Record<string, readonly string[]>> = {
  "apps/cli": ["commander"],
  "packages/models": ["zod"],
  "packages/auth": ["jose"],
  "packages/client": [],
  "packages/page": [],
  "apps/web": ["preact", "@preact/signals"],
};

/** The one folder in which each driver may be imported. */
const DRIVER_FOLDERS: Readonly<Record<string, string>> = {
  ioredis: "packages/bus/src/redis/",
  mongodb: "packages/store/src/mongo/",
  jose: "packages/auth/",
  pino: "packages/service/",
  "pino-pretty": "packages/service/",
  "prom-client": "packages/service/",
};

const ADAPTERS = /^@parley\/(bus|store)\/./;

/** Product code imports only allowed packages. Imports of types count too. */
export const importsAreAllowed: Rule = (sources) =>
  productImports(sources).flatMap(({ path, specifier }) => {
    const workspace = workspaceOf(path);
    const imported = packageOf(specifier);
    if (imported === undefined) return [];
    const isOurs = imported.startsWith("@parley/");
    const allowed = isOurs
      ? MAY_IMPORT[workspace]?.map((name) => `@parley/${name}`)
      : MAY_IMPORT_EXTERNAL[workspace];
    if (isOurs && allowed === undefined)
      return [`${path}: ${workspace} is missing from the list of allowed imports`];
    return allowed === undefined || allowed.includes(imported)
      ? []
      : [`${path}: must not import ${imported}`];
  });

/** A package.json lists only allowed packages as runtime dependencies. */
export const manifestsAreAllowed: Rule = (sources) =>
  sources
    .filter(({ path }) => /^(apps|packages)\/[^/]+\/package\.json$/.test(path))
    .flatMap(({ path, text }) => {
      const declared = Object.keys(JSON.parse(text).dependencies ?? {});
      const asCode = declared.map((name) => `import "${name}";`).join("\n");
      return importsAreAllowed([{ path: path.replace("package.json", "src/package.json.ts"), text: asCode }]);
    });

/** A driver is imported only in its adapter's folder. */
export const driversAreIsolated: Rule = (sources) =>
  productImports(sources).flatMap(({ path, specifier }) => {
    const folder = DRIVER_FOLDERS[packageOf(specifier) ?? ""];
    return folder === undefined || path.startsWith(folder)
      ? []
      : [`${path}: ${specifier} may be imported only in ${folder}`];
  });

/** An adapter is imported only in the main.ts of an app. Its types may be imported anywhere. */
export const adaptersAreChosenInMain: Rule = (sources) =>
  productImports(sources).flatMap(({ path, specifier, typeOnly }) => {
    const inMain = /^apps\/[^/]+\/src\/main\.ts$/.test(path);
    return typeOnly || inMain || !ADAPTERS.test(specifier)
      ? []
      : [`${path}: ${specifier} may be imported only in a main.ts`];
  });

function productImports(sources: readonly Source[]) {
  return sources
    .filter(
      (source) => isCode(source) && !isForTests(source) && !/\/(tsup|vite)\.config\.ts$/.test(source.path),
    )
    .flatMap((source) => importsOf(source).map((found) => ({ path: source.path, ...found })));
}
