import { auth, pick, variables } from "@parley/service";

/** What a persister reads from the environment. It verifies tokens for /dead-letters alone. */
export const persisterEnv = {
  HOST: variables.HOST("0.0.0.0"),
  ADMIN_PORT: variables.ADMIN_PORT(9082),
  ...pick("REDIS_URL", "MONGO_URL", "BACKLOG_MAX_BYTES", "DEDUPE_WINDOW_MS", "LOG_LEVEL"),
  auth: auth(),
};
