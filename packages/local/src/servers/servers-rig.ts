import { prepareServers, ServerUnavailable } from "./find-server.ts";

/** Whether this machine has no servers: suites are then skipped with one loud line, and fail where `CI` is set. */
export async function serversAreMissing(suite: string): Promise<boolean> {
  try {
    await prepareServers();
    return false;
  } catch (error) {
    if (!(error instanceof ServerUnavailable) || process.env.CI) throw error;
    process.stderr.write(`\n*** SKIPPED: ${suite}: ${error.message}\n\n`);
    return true;
  }
}
