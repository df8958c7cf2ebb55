import { appendingLog, auth, pick, publicServerFields, variables } from "@parley/service";
import { historyFields } from "./config.ts";

/** The environment variables of a history-api process. */
export const historyEnv = {
  PORT: variables.PORT(8081),
  HOST: variables.HOST("0.0.0.0"),
  ADMIN_PORT: variables.ADMIN_PORT(9081),
  ...pick("ADMIN_HOST", "MONGO_URL", "LOG_LEVEL", "LOG_LINES_PER_SECOND"),
  bus: appendingLog(),
  ...publicServerFields,
  ...historyFields,
  auth: auth(),
};
