import { auth, pick, publicServerFields, variables } from "@parley/service";
import { historyFields } from "./config.ts";

/** The environment variables of a history-api process. */
export const historyEnv = {
  PORT: variables.PORT(8081),
  HOST: variables.HOST("0.0.0.0"),
  ADMIN_PORT: variables.ADMIN_PORT(9081),
  ...pick(
    "ADMIN_HOST",
    "REDIS_URL",
    "REDIS_NAMESPACE",
    "MONGO_URL",
    "DEDUPE_WINDOW_MS",
    "DEDUPE_MAX_REFS",
    "BACKLOG_MAX_ENTRIES",
    "BACKLOG_MAX_BYTES",
    "DURABILITY",
    "ALLOW_WEAK_DURABILITY",
    "LOG_LEVEL",
    "LOG_LINES_PER_SECOND",
  ),
  ...publicServerFields,
  ...historyFields,
  auth: auth(),
};
