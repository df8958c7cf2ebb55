import { fields } from "@parley/service/env";

export const DEFAULT_URL = "http://localhost:8080";
export const DEFAULT_GATEWAY_ADMIN_URL = "http://localhost:9080";
export const DEFAULT_ADMIN_URL = "http://localhost:9082";

/**
 * The environment variables that every command reads. A flag takes precedence over its variable. The commands `token`
 * and `doctor` read more variables.
 */
export const cliEnv = {
  PARLEY_URL: fields.httpUrl().meta({
    description: "The server's address. `--url` takes precedence.",
    defaultInWords: DEFAULT_URL,
  }),
  PARLEY_HISTORY_URL: fields.httpUrl().meta({
    description: "The history-api's address, if it is another one. `--history-url` takes precedence.",
    defaultInWords: "as `PARLEY_URL`",
  }),
  PARLEY_ADMIN_URL: fields.httpUrl().meta({
    description:
      "The admin port of a persister, for `dead-letters`; of a gateway or the single process, for `revoke`, `block` and `unblock` (by default on port 9080); for `doctor`, of any process. `--admin-url` takes precedence.",
    defaultInWords: DEFAULT_ADMIN_URL,
  }),
  PARLEY_PEER_TOKEN: fields.secretText().describe("The token of the second user of `probe`."),
  PARLEY_TOKEN: fields.secretText().describe("The token to authenticate with. `--token` takes precedence."),
};
