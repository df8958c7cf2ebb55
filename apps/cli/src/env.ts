import { fields } from "@parley/service/env";

export const DEFAULT_URL = "http://localhost:8080";
export const DEFAULT_ADMIN_URL = "http://localhost:9082";

/** What the command line reads of the environment for itself; a flag outranks it. `token` and `doctor` read more. */
export const cliEnv = {
  PARLEY_URL: fields.httpUrl().meta({
    description: "Where Parley is, where `--url` does not say it.",
    defaultInWords: DEFAULT_URL,
  }),
  PARLEY_HISTORY_URL: fields.httpUrl().meta({
    description: "Where history is, if elsewhere, where `--history-url` does not say it.",
    defaultInWords: "as `PARLEY_URL`",
  }),
  PARLEY_ADMIN_URL: fields.httpUrl().meta({
    description:
      "The admin port of a persister, for `dead-letters`, where `--admin-url` does not say it; for `doctor` any process's.",
    defaultInWords: DEFAULT_ADMIN_URL,
  }),
  PARLEY_TOKEN: fields.text().describe("The token to come with, where `--token` does not say it."),
};
