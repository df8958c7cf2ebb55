import { fields } from "@parley/service/env";

/** What the command line reads of the environment for itself; a flag outranks it. `token` and `doctor` read more. */
export const cliEnv = {
  PARLEY_URL: fields.httpUrl().describe("Where Parley is: what --url says where it is not given."),
  PARLEY_HISTORY_URL: fields
    .httpUrl()
    .describe("Where history is, if elsewhere: what --history-url says where it is not given."),
  PARLEY_ADMIN_URL: fields
    .httpUrl()
    .describe("The admin port of a persister: what --admin-url says where it is not given."),
  PARLEY_TOKEN: fields.text().describe("The token to come with: what --token says where it is not given."),
};

export const DEFAULT_URL = "http://localhost:8080";
export const DEFAULT_ADMIN_URL = "http://localhost:9082";
