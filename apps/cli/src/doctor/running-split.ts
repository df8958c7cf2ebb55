import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  environmentWith,
  fields,
  loadOrCreateSecret,
  type RawEnv,
  readEnv,
  readRunningSplit,
  variables,
} from "@parley/service";
import { DEFAULT_URL } from "../env.ts";
import { type Finding, ok } from "./finding.ts";
import type { DoctorOptions } from "./options.ts";

/**
 * Finds the `start:split` that uses DATA_DIR, unless the command line names other servers. Returns the options and the
 * environment with which to check it: its addresses, its servers and its secret. Variables that are set take precedence.
 */
export async function findRunningSplit(
  options: DoctorOptions,
): Promise<{ finding: Finding; options: DoctorOptions; env: RawEnv } | undefined> {
  const isNamed = options.shape === "standalone" || options.adminUrls.length > 0;
  const { DATA_DIR, JWT_JWKS_URL } = readEnv({
    DATA_DIR: variables.DATA_DIR("data"),
    JWT_JWKS_URL: fields.text(),
  });
  const running = isNamed ? undefined : readRunningSplit(DATA_DIR);
  if (running === undefined || ![DEFAULT_URL, running.url].includes(options.url)) return undefined;
  const { pid, url, adminUrls, REDIS_URL, REDIS_NAMESPACE, MONGO_URL } = running;
  const hasSecret = JWT_JWKS_URL === undefined && existsSync(join(DATA_DIR, "jwt-secret"));
  const JWT_SECRET = hasSecret ? await loadOrCreateSecret(DATA_DIR) : undefined;
  return {
    finding: ok("start:split", `runs at ${url} as process ${pid}: checking its servers and processes`),
    options: { ...options, shape: "split", url, adminUrls },
    env: environmentWith({ REDIS_URL, REDIS_NAMESPACE, MONGO_URL, JWT_SECRET }),
  };
}
