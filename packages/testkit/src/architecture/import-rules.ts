import { importsOf, isCode, isForTests, packageOf, type Source, workspaceOf } from "./source.ts";

/** Problems, one line each; none where all is well. */
export type Rule = (sources: readonly Source[]) => string[];

/** Which packages of this repository each part may use. Suites may use all. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  "packages/async": [],
  "packages/models": [],
  "packages/auth": [],
  "packages/bus": ["async", "models"],
  "packages/store": ["models"],
  "packages/service": ["models"],
  "packages/client": ["models"],
  "packages/documents": ["models"],
  // It makes documents of the code: of the apps it takes what they read from the environment.
  "packages/reference": ["documents", "service", "gateway", "persister", "history-api", "standalone", "cli"],
  "packages/page": [],
  "packages/telemetry": ["async", "bus", "store", "service"],
  "apps/gateway": ["async", "models", "auth", "bus", "service", "telemetry", "page"],
  "apps/persister": ["async", "models", "auth", "bus", "store", "service", "telemetry"],
  "apps/history-api": ["async", "models", "auth", "bus", "store", "service", "telemetry", "documents"],
  // It chats through the client alone; the other parts are what doctor looks at and what token signs with.
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

/** The only packages from outside that these may use. */
const MAY_USE_FROM_OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "apps/cli": ["commander"],
  "packages/models": ["zod"],
  "packages/auth": ["jose"],
  "packages/client": [],
  "packages/page": [],
  "apps/web": ["preact", "@preact/signals"],
};

/** Each driver has one home. */
const HOMES: Readonly<Record<string, string>> = {
  ioredis: "packages/bus/src/redis/",
  mongodb: "packages/store/src/mongo/",
  jose: "packages/auth/",
  pino: "packages/service/",
  "pino-pretty": "packages/service/",
  "prom-client": "packages/service/",
};

const ADAPTERS = /^@parley\/(bus|store)\/./;

/** What a part may use, at run time and for types. */
export const partsUseOnlyTheirOwn: Rule = (sources) =>
  productImports(sources).flatMap(({ path, specifier }) => {
    const workspace = workspaceOf(path);
    const used = packageOf(specifier);
    if (used === undefined) return [];
    const ours = used.startsWith("@parley/");
    const allowed = ours
      ? MAY_USE[workspace]?.map((name) => `@parley/${name}`)
      : MAY_USE_FROM_OUTSIDE[workspace];
    if (ours && allowed === undefined) return [`${path}: ${workspace} is in no list of who may import whom`];
    return allowed === undefined || allowed.includes(used) ? [] : [`${path}: must not import ${used}`];
  });

/** The same for what package.json declares, where it is needed at run time. */
export const manifestsDeclareOnlyTheirOwn: Rule = (sources) =>
  sources
    .filter(({ path }) => /^(apps|packages)\/[^/]+\/package\.json$/.test(path))
    .flatMap(({ path, text }) => {
      const declared = Object.keys(JSON.parse(text).dependencies ?? {});
      const asCode = declared.map((name) => `import "${name}";`).join("\n");
      return partsUseOnlyTheirOwn([
        { path: path.replace("package.json", "src/package.json.ts"), text: asCode },
      ]);
    });

export const driversStayAtHome: Rule = (sources) =>
  productImports(sources).flatMap(({ path, specifier }) => {
    const home = HOMES[packageOf(specifier) ?? ""];
    return home === undefined || path.startsWith(home) ? [] : [`${path}: ${specifier} belongs to ${home}`];
  });

/** Types of an adapter may be named anywhere in an app; the adapter itself is chosen in its main.ts. */
export const adaptersAreChosenInMain: Rule = (sources) =>
  productImports(sources).flatMap(({ path, specifier, typeOnly }) => {
    const inMain = /^apps\/[^/]+\/src\/main\.ts$/.test(path);
    return typeOnly || inMain || !ADAPTERS.test(specifier)
      ? []
      : [`${path}: ${specifier} is chosen in a main.ts`];
  });

function productImports(sources: readonly Source[]) {
  return sources
    .filter(
      (source) => isCode(source) && !isForTests(source) && !/\/(tsup|vite)\.config\.ts$/.test(source.path),
    )
    .flatMap((source) => importsOf(source).map((found) => ({ path: source.path, ...found })));
}
