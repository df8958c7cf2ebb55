import { prepareServers, ServerUnavailable } from "./find-server.ts";

/**
 * If this machine has no Redis or no MongoDB, prints that the suite is skipped and resolves with true. Rejects
 * instead if `CI` is set.
 */
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
