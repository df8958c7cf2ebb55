import { appendingLog, auth, fields, pick, publicServerFields, variables } from "@parley/service";
import { gatewayFields } from "./config.ts";

const MIN_SECRET_LENGTH = 32;

/** The environment variables of a gateway that runs as its own process. */
export const gatewayEnv = {
  PORT: variables.PORT(8080),
  HOST: variables.HOST("0.0.0.0"),
  ADMIN_PORT: variables.ADMIN_PORT(9080),
  ...pick("ADMIN_HOST", "REUSE_PORT", "LOG_LEVEL", "LOG_LINES_PER_SECOND"),
  bus: appendingLog(),
  ...publicServerFields,
  ...gatewayFields,
  FRONT_SECRET: fields
    .secretText()
    .refine((secret) => secret === undefined || secret.length >= MIN_SECRET_LENGTH, {
      error: `must have at least ${MIN_SECRET_LENGTH} characters`,
    })
    .describe(
      "Set by `start:split` for its own gateways, anew at each start: by this secret a gateway knows the front that passes on requests for development tokens (P60). Do not set it.",
    ),
  auth: auth(),
};
