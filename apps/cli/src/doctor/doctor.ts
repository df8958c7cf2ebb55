import type { RedisFacts } from "@parley/bus/redis";
import { auth, environmentWith, pick, type RawEnv, variables } from "@parley/service";
import type { MongoFacts } from "@parley/store/mongo";
import { parseHttpAddress, resolveAddresses } from "../server/addresses.ts";
import { requestDevToken } from "../server/identity.ts";
import { EXIT, Failure } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { checkEnvironment, type DeploymentShape, readValues, shapeOfEnvironment } from "./configuration.ts";
import { type Finding, formatFinding, formatFindingJson, wrong } from "./finding.ts";
import { checkClock, checkDataDir, checkMachine } from "./machine.ts";
import { checkMongo, mongoUnreachable } from "./mongo.ts";
import type { DoctorOptions } from "./options.ts";
import { checkRedis, redisUnreachable } from "./redis.ts";
import { findRunningSplit } from "./running-split.ts";
import { checkAdminPort, checkPublicServer, readClockAhead } from "./servers.ts";
import { checkTokens } from "./tokens.ts";

/**
 * Functions that read facts about a Redis and a MongoDB. Each rejects with an error whose message is for an operator.
 */
export interface Inspectors {
  readonly redis: (url: string, namespace?: string) => Promise<RedisFacts>;
  readonly mongo: (url: string) => Promise<MongoFacts>;
}

const DEFAULT_ADMIN_URLS: Readonly<Record<DeploymentShape, readonly string[]>> = {
  standalone: ["http://localhost:9080"],
  split: ["http://localhost:9080", "http://localhost:9081", "http://localhost:9082"],
};

/** Runs all checks and prints their findings. Rejects with a Failure if a check failed. */
export async function doctor(given: DoctorOptions, inspectors: Inspectors, io: Io): Promise<void> {
  const found = await findRunningSplit(given);
  const { env, options } = found ?? { env: environmentWith({}), options: given };
  const shape = options.shape ?? shapeOfEnvironment(env);
  let wrongCount = 0;
  const report = (findings: readonly Finding[]): void => {
    wrongCount += findings.filter(({ status }) => status === "wrong").length;
    for (const finding of findings) {
      io.print(options.json ? formatFindingJson(finding) : formatFinding(finding));
    }
  };
  if (found) report([found.finding]);
  report(checkMachine());
  report(checkEnvironment(shape, env));
  report(await tokenFindings(shape, options, env, io.ended));
  if (shape === "split") {
    report(await redisFindings(inspectors, env));
    report(await mongoFindings(inspectors, env));
  } else {
    const values = readValues({ DATA_DIR: variables.DATA_DIR("data") }, env);
    if (values) report([checkDataDir(values.DATA_DIR)]);
  }
  await reportServers(shape, options, io, report);
  io.ended.throwIfAborted();
  if (wrongCount > 0) {
    throw new Failure(EXIT.failed, `${wrongCount} ${wrongCount === 1 ? "thing is" : "things are"} wrong`);
  }
}

async function tokenFindings(
  shape: DeploymentShape,
  options: DoctorOptions,
  raw: RawEnv,
  signal: AbortSignal,
): Promise<Finding[]> {
  const env = readValues({ auth: auth({ required: shape === "split" }) }, raw);
  if (!env) return [];
  const { base } = resolveAddresses(options.url, options.historyUrl);
  if (options.as === undefined) return checkTokens(env.auth, options.token, signal);
  try {
    return await checkTokens(env.auth, await requestDevToken(base, options.as, signal), signal);
  } catch (error) {
    const fix = "Omit --as if the server doesn't give out tokens.";
    return [...(await checkTokens(env.auth, undefined, signal)), wrong("your token", messageOf(error), fix)];
  }
}

async function redisFindings(inspectors: Inspectors, raw: RawEnv): Promise<Finding[]> {
  const names = ["REDIS_URL", "REDIS_NAMESPACE", "DURABILITY", "ALLOW_WEAK_DURABILITY"] as const;
  const env = readValues(pick(...names, "BACKLOG_MAX_BYTES"), raw);
  if (!env) return [];
  try {
    const facts = await inspectors.redis(env.REDIS_URL, env.REDIS_NAMESPACE);
    const config = {
      replicated: env.DURABILITY === "replicated",
      weakAllowed: env.ALLOW_WEAK_DURABILITY,
      backlogBytes: env.BACKLOG_MAX_BYTES,
    };
    return [...checkRedis(facts, config), ...checkClock("Redis", facts.clockAheadMs)];
  } catch (error) {
    return [redisUnreachable(env.REDIS_URL, messageOf(error))];
  }
}

async function mongoFindings(inspectors: Inspectors, raw: RawEnv): Promise<Finding[]> {
  const env = readValues(pick("MONGO_URL"), raw);
  if (!env) return [];
  try {
    const facts = await inspectors.mongo(env.MONGO_URL);
    return [...checkMongo(facts), ...checkClock("MongoDB", facts.clockAheadMs)];
  } catch (error) {
    return [mongoUnreachable(env.MONGO_URL, messageOf(error))];
  }
}

async function reportServers(
  shape: DeploymentShape,
  options: DoctorOptions,
  { ended }: Io,
  report: (findings: readonly Finding[]) => void,
): Promise<void> {
  const { base, history } = resolveAddresses(options.url, options.historyUrl);
  const gateway = await checkPublicServer("gateway", base, ended);
  report([gateway]);
  if (gateway.status === "ok") report(checkClock("the gateway", await readClockAhead(`${base}/ws`, ended)));
  const historyApi = await checkPublicServer("history-api", history, ended);
  report([historyApi]);
  if (historyApi.status === "ok" && history !== base) {
    report(checkClock("the history-api", await readClockAhead(`${history}/sync`, ended)));
  }
  const isDefault = options.adminUrls.length === 0;
  for (const url of isDefault ? DEFAULT_ADMIN_URLS[shape] : options.adminUrls) {
    report([await checkAdminPort(parseHttpAddress("--admin-url", url), isDefault, ended)]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}
