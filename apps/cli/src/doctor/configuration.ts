import { gatewayFields } from "@parley/gateway";
import { historyFields } from "@parley/history-api";
import {
  auth,
  ConfigError,
  describeEnv,
  type Env,
  fields,
  pick,
  type RawEnv,
  readEnv,
  type Shape,
  variables,
} from "@parley/service";
import { type Finding, ok, wrong } from "./finding.ts";

/** A deployment in one process, or in several with Redis and MongoDB. */
export type DeploymentShape = "standalone" | "split";

const shared = { ...gatewayFields, ...historyFields, ...pick("LOG_LEVEL", "LOG_LINES_PER_SECOND") };

/** The variables that the processes of each shape read, except for the ports, whose defaults differ by process. */
const VARIABLES = {
  standalone: { ...shared, DATA_DIR: variables.DATA_DIR("data"), auth: auth({ required: false }) },
  split: {
    ...shared,
    ...pick(
      "REDIS_URL",
      "REDIS_NAMESPACE",
      "MONGO_URL",
      "DEDUPE_WINDOW_MS",
      "BACKLOG_MAX_ENTRIES",
      "BACKLOG_MAX_BYTES",
      "ENTRIES",
      "DURABILITY",
      "ALLOW_WEAK_DURABILITY",
      "REUSE_PORT",
    ),
    auth: auth(),
  },
} satisfies Record<DeploymentShape, Shape>;

const SERVERS = ["REDIS_URL", "REDIS_URL_FILE", "MONGO_URL", "MONGO_URL_FILE"];

/** Returns `split` if the environment names a Redis or a MongoDB, otherwise `standalone`. */
export function shapeOfEnvironment(env: RawEnv): DeploymentShape {
  const texts = readEnv(Object.fromEntries(SERVERS.map((name) => [name, fields.text()])), env);
  return Object.values(texts).every((text) => text === undefined) ? "standalone" : "split";
}

/** Checks every variable. The findings are the errors with which a service would refuse to start. */
export function checkEnvironment(shape: DeploymentShape, env: RawEnv): Finding[] {
  try {
    readEnv(VARIABLES[shape], env);
    const count = describeEnv(VARIABLES[shape]).length;
    return [ok("environment", `for ${shape}: all ${count} variables are valid or not set`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) =>
      wrong("environment", problem, "See docs/configuration.md for all variables."),
    );
  }
}

/** Reads some variables. Returns undefined if one is invalid, which `checkEnvironment` reports. */
export function readValues<S extends Shape>(shape: S, env: RawEnv): Env<S> | undefined {
  try {
    return readEnv(shape, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}
