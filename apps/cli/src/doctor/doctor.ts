import type { RedisFacts } from "@parley/bus/redis";
import { auth, pick, variables } from "@parley/service";
import type { MongoFacts } from "@parley/store/mongo";
import { addressesOf, httpAddress } from "../server/addresses.ts";
import type { ServerOptions } from "../server/connect-client.ts";
import { developmentToken } from "../server/identity.ts";
import { EXIT, Failure } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { configuration, type ShapeName, shapeOfEnvironment, valuesOf } from "./configuration.ts";
import { type Finding, findingJson, findingLine, wrong } from "./finding.ts";
import { clock, dataDir, machine } from "./machine.ts";
import { judgeMongo, noMongo } from "./mongo.ts";
import { judgeRedis, noRedis } from "./redis.ts";
import { adminPort, clockAheadOf, publicPart } from "./servers.ts";
import { tokenFindings } from "./tokens.ts";

/** What asks a Redis and a MongoDB; each rejects with words for an operator. */
export interface Inspectors {
  readonly redis: (url: string) => Promise<RedisFacts>;
  readonly mongo: (url: string) => Promise<MongoFacts>;
}

export interface DoctorOptions extends ServerOptions {
  readonly shape: ShapeName | undefined;
  /** None: the ports that the processes of the shape have by default, which need not be there. */
  readonly adminUrls: readonly string[];
  readonly json: boolean;
}

const DEFAULT_ADMIN_URLS: Readonly<Record<ShapeName, readonly string[]>> = {
  standalone: ["http://localhost:9080"],
  split: ["http://localhost:9080", "http://localhost:9081", "http://localhost:9082"],
};

/** Prints what it finds, in the order of a message's way. Rejects with a Failure where something is wrong. */
export async function doctor(options: DoctorOptions, inspect: Inspectors, io: Io): Promise<void> {
  const shape = options.shape ?? shapeOfEnvironment();
  let faults = 0;
  const tell = (findings: readonly Finding[]): void => {
    faults += findings.filter(({ status }) => status === "wrong").length;
    for (const finding of findings) io.print(options.json ? findingJson(finding) : findingLine(finding));
  };
  tell(machine());
  tell(configuration(shape));
  tell(await aboutTokens(shape, options, io.ended));
  if (shape === "split") {
    tell(await aboutRedis(inspect));
    tell(await aboutMongo(inspect));
  } else {
    const env = valuesOf({ DATA_DIR: variables.DATA_DIR("data") });
    if (env) tell([dataDir(env.DATA_DIR)]);
  }
  await aboutServers(shape, options, io, tell);
  io.ended.throwIfAborted();
  if (faults > 0)
    throw new Failure(EXIT.failed, `${faults} ${faults === 1 ? "thing is" : "things are"} wrong`);
}

async function aboutTokens(
  shape: ShapeName,
  options: DoctorOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const env = valuesOf({ auth: auth({ required: shape === "split" }) });
  if (!env) return [];
  const { base } = addressesOf(options.url, options.historyUrl);
  if (options.as === undefined) return tokenFindings(env.auth, options.token, signal);
  try {
    return await tokenFindings(env.auth, await developmentToken(base, options.as, signal), signal);
  } catch (error) {
    const mend = "Leave --as out where the server gives no tokens out.";
    return [
      ...(await tokenFindings(env.auth, undefined, signal)),
      wrong("your token", messageOf(error), mend),
    ];
  }
}

async function aboutRedis(inspect: Inspectors): Promise<Finding[]> {
  const env = valuesOf(pick("REDIS_URL", "DURABILITY", "ALLOW_WEAK_DURABILITY", "BACKLOG_MAX_BYTES"));
  if (!env) return [];
  try {
    const facts = await inspect.redis(env.REDIS_URL);
    const config = {
      replicated: env.DURABILITY === "replicated",
      weakAllowed: env.ALLOW_WEAK_DURABILITY,
      backlogBytes: env.BACKLOG_MAX_BYTES,
    };
    return [...judgeRedis(facts, config), ...clock("Redis", facts.clockAheadMs)];
  } catch (error) {
    return [noRedis(env.REDIS_URL, messageOf(error))];
  }
}

async function aboutMongo(inspect: Inspectors): Promise<Finding[]> {
  const env = valuesOf(pick("MONGO_URL"));
  if (!env) return [];
  try {
    const facts = await inspect.mongo(env.MONGO_URL);
    return [...judgeMongo(facts), ...clock("MongoDB", facts.clockAheadMs)];
  } catch (error) {
    return [noMongo(env.MONGO_URL, messageOf(error))];
  }
}

async function aboutServers(
  shape: ShapeName,
  options: DoctorOptions,
  { ended }: Io,
  tell: (findings: readonly Finding[]) => void,
): Promise<void> {
  const { base, history } = addressesOf(options.url, options.historyUrl);
  const gateway = await publicPart("gateway", base, ended);
  tell([gateway]);
  if (gateway.status === "ok") tell(clock("the gateway", await clockAheadOf(`${base}/ws`, ended)));
  const api = await publicPart("history-api", history, ended);
  tell([api]);
  if (api.status === "ok" && history !== base) {
    tell(clock("the history-api", await clockAheadOf(`${history}/sync`, ended)));
  }
  const isGuessed = options.adminUrls.length === 0;
  for (const url of isGuessed ? DEFAULT_ADMIN_URLS[shape] : options.adminUrls) {
    tell([await adminPort(httpAddress("--admin-url", url), isGuessed, ended)]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}
