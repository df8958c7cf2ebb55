import { prepareServers, ServerUnavailable } from "./find-server.ts";

/**
 * Resolves with true if this machine has no servers, and then prints that the suite is skipped. Rejects instead if
 * `CI` is set.
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
