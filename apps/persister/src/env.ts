import { auth, pick, variables } from "@parley/service";

/** The environment variables of a persister process. `auth` is for the tokens of operators on `/dead-letters`. */
export const persisterEnv = {
  HOST: variables.HOST("0.0.0.0"),
  ADMIN_PORT: variables.ADMIN_PORT(9082),
  ...pick("ADMIN_HOST", "REDIS_URL", "REDIS_NAMESPACE", "MONGO_URL", "BACKLOG_MAX_BYTES", "DEDUPE_WINDOW_MS"),
  ...pick("ENTRIES"),
  ...pick("LOG_LEVEL", "LOG_LINES_PER_SECOND"),
  auth: auth(),
};
