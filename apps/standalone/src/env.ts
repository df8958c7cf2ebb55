import { gatewayFields } from "@parley/gateway";
import { historyFields } from "@parley/history-api";
import {
  auth,
  ConfigError,
  type Env,
  fields,
  group,
  isLoopback,
  LOOPBACK_ORIGINS,
  pick,
  publicServerFields,
  readEnv,
  variables,
} from "@parley/service";

/** The environment variables of standalone: those of the gateway and history-api, and the folder of its data. */
export const standaloneEnv = {
  PORT: variables.PORT(8080),
  HOST: variables.HOST("127.0.0.1"),
  ADMIN_PORT: variables.ADMIN_PORT(9080),
  DATA_DIR: variables.DATA_DIR("data"),
  ...pick("ADMIN_HOST", "LOG_LEVEL", "LOG_LINES_PER_SECOND"),
  ...publicServerFields,
  ...gatewayFields,
  ...historyFields,
  auth: auth({ required: false }),
  singleProcess: group({ REUSE_PORT: fields.optionalFlag() }, ({ REUSE_PORT }) => {
    if (REUSE_PORT)
      throw new ConfigError("REUSE_PORT must be false: only one process can use the embedded log and store");
  }),
};

/**
 * Reads the environment. On a loopback HOST, pages of loopback origins may connect from any port, for example from the
 * development server of a page of your own.
 */
export function readStandaloneEnv(): Env<typeof standaloneEnv> {
  const env = readEnv(standaloneEnv);
  if (!isLoopback(env.HOST)) return env;
  return { ...env, ALLOWED_ORIGINS: [...(env.ALLOWED_ORIGINS ?? []), ...LOOPBACK_ORIGINS] };
}
