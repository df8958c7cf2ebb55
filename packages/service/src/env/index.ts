/**
 * Exports only the functions that read the environment, for programs that aren't services. Such a program starts
 * faster without logger, metrics and HTTP.
 */
export { auth } from "./auth.ts";
export { ConfigError } from "./config-error.ts";
export { fields } from "./fields.ts";
export { readEnv } from "./read.ts";
export { loadOrCreateSecret } from "./secret-file.ts";
export { variables } from "./variables.ts";
