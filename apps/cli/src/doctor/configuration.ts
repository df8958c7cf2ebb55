import { gatewayFields } from "@parley/gateway";
import { historyFields } from "@parley/history-api";
import {
  auth,
  ConfigError,
  describeEnv,
  type Env,
  fields,
  pick,
  readEnv,
  type Shape,
  variables,
} from "@parley/service";
import { type Finding, ok, wrong } from "./finding.ts";

export type ShapeName = "standalone" | "split";

const shared = { ...gatewayFields, ...historyFields, ...pick("LOG_LEVEL") };

/** Everything that the processes of a shape read, but for the ports, whose defaults are each one's own. */
const READ = {
  standalone: { ...shared, DATA_DIR: variables.DATA_DIR("data"), auth: auth({ required: false }) },
  split: {
    ...shared,
    ...pick(
      "REDIS_URL",
      "MONGO_URL",
      "DEDUPE_WINDOW_MS",
      "BACKLOG_MAX_ENTRIES",
      "BACKLOG_MAX_BYTES",
      "DURABILITY",
      "ALLOW_WEAK_DURABILITY",
      "REUSE_PORT",
    ),
    auth: auth(),
  },
} satisfies Record<ShapeName, Shape>;

/** Split is what names a server. */
export function shapeOfEnvironment(): ShapeName {
  const { REDIS_URL, MONGO_URL } = readEnv({ REDIS_URL: fields.text(), MONGO_URL: fields.text() });
  return REDIS_URL === undefined && MONGO_URL === undefined ? "standalone" : "split";
}

/** What a service would refuse to start with, line by line. */
export function configuration(shape: ShapeName): Finding[] {
  try {
    readEnv(READ[shape]);
    const count = describeEnv(READ[shape]).length;
    return [ok("environment", `as ${shape} reads it: its ${count} variables are good, or not set`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) =>
      wrong("environment", problem, "docs/configuration.md has all of them."),
    );
  }
}

/** These values alone, or undefined where one of them is bad: `configuration` has told that. */
export function valuesOf<S extends Shape>(shape: S): Env<S> | undefined {
  try {
    return readEnv(shape);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}
