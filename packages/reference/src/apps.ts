import { cliEnv } from "@parley/cli/env";
import { gatewayEnv } from "@parley/gateway/env";
import { historyEnv } from "@parley/history-api/env";
import { persisterEnv } from "@parley/persister/env";
import { describeEnv, type VariableDescription } from "@parley/service";
import { standaloneEnv } from "@parley/standalone/env";

/** A program and the variables that it reads. */
export interface App {
  readonly name: string;
  /** The letter that stands for the app in the "read by" column. */
  readonly letter: string;
  readonly variables: readonly VariableDescription[];
}

export const APPS: readonly App[] = [
  { name: "gateway", letter: "G", variables: describeEnv(gatewayEnv) },
  { name: "persister", letter: "P", variables: describeEnv(persisterEnv) },
  { name: "history-api", letter: "H", variables: describeEnv(historyEnv) },
  { name: "standalone", letter: "S", variables: describeEnv(standaloneEnv) },
  { name: "command line", letter: "C", variables: describeEnv(cliEnv) },
];
