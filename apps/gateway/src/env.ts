import { auth, pick, variables } from "@parley/service";
import { gatewayFields } from "./config.ts";

/** The environment variables of a gateway that runs as its own process. */
export const gatewayEnv = {
  PORT: variables.PORT(8080),
  HOST: variables.HOST("0.0.0.0"),
  ADMIN_PORT: variables.ADMIN_PORT(9080),
  ...pick(
    "REDIS_URL",
    "DEDUPE_WINDOW_MS",
    "DEDUPE_MAX_REFS",
    "BACKLOG_MAX_ENTRIES",
    "BACKLOG_MAX_BYTES",
    "DURABILITY",
    "ALLOW_WEAK_DURABILITY",
    "REUSE_PORT",
    "LOG_LEVEL",
    "LOG_LINES_PER_SECOND",
  ),
  ...gatewayFields,
  auth: auth(),
};
