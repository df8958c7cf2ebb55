/** The environment alone, for a program that is no service: without logger, metrics and HTTP it starts sooner. */
export { auth } from "./auth.ts";
export { ConfigError } from "./config-error.ts";
export { fields } from "./fields.ts";
export { keptSecret } from "./kept-secret.ts";
export { readEnv } from "./read.ts";
export { variables } from "./variables.ts";
