import type { ServerOptions } from "../server/connect-client.ts";
import type { DeploymentShape } from "./configuration.ts";

export interface DoctorOptions extends ServerOptions {
  readonly shape: DeploymentShape | undefined;
  /**
   * The admin ports to check. If empty, the default ports are checked, and one that doesn't answer is only a note.
   */
  readonly adminUrls: readonly string[];
  readonly json: boolean;
}
