import { issueToken } from "@parley/auth";
import {
  type AuthSettings,
  auth,
  fields,
  type HttpEvent,
  isLoopback,
  LOOPBACK_ORIGINS,
  type Logger,
  loadOrCreateSecret,
  quickStart,
  readEnv,
  runService,
  variables,
} from "@parley/service";
import type { SupervisionEvent } from "../processes/supervise.ts";
import { type RunningProcess, startSplit } from "./split.ts";

/** Time limit for stopping everything. The apps exit within 25 s (P41), and the servers stop after them. */
const DEADLINE_MS = 45_000;

const env = {
  PORT: variables.PORT(8080),
  HOST: variables.HOST("127.0.0.1"),
  DATA_DIR: variables.DATA_DIR("data"),
  REDIS_URL: fields.secretText(),
  MONGO_URL: fields.secretText(),
  auth: auth({ required: false }),
};

await runService("start:split", start, { deadlineMs: DEADLINE_MS });

type Service = Parameters<Parameters<typeof runService>[1]>[0];

async function start({ log, defer, stopping }: Service): Promise<void> {
  const { PORT: port, HOST: host, DATA_DIR: dataDir, REDIS_URL, MONGO_URL, auth } = readEnv(env);
  const secret =
    auth.jwksUrl === undefined ? (auth.secrets?.[0] ?? (await loadOrCreateSecret(dataDir))) : undefined;
  const devTokens = auth.devTokens ?? (isLoopback(host) && secret !== undefined);
  const { url, processes } = await startSplit(
    {
      port,
      host,
      dataDir,
      redisUrl: REDIS_URL,
      mongoUrl: MONGO_URL,
      env: {
        ...inherited(),
        ...(isLoopback(host) && { ALLOWED_ORIGINS: withLoopbackOrigins(process.env.ALLOWED_ORIGINS) }),
        ...(auth.secrets === undefined && secret !== undefined && { JWT_SECRET: secret }),
        AUTH_DEV_TOKENS: String(devTokens),
      },
      observe: (event) => report(log, event),
      observeFront: (event) => reportFront(log, event),
      onLine: (name, line) => process.stdout.write(`${name}  ${line}\n`),
    },
    defer,
  );
  if (stopping.aborted) return;
  const address = url.replace("//127.0.0.1:", "//localhost:");
  process.stdout.write(`\nParley runs on ${address}, split into processes\n${table(processes)}\n`);
  process.stdout.write(`  stop it      Ctrl-C, or: kill ${process.pid}\n\n`);
  if (devTokens && secret) process.stdout.write(`${quickStart(address, await tokens(secret, auth))}\n`);
}

/** Returns the apps' environment: this process' variables, with defaults that suit a local trial. */
function inherited(): Record<string, string> {
  const defined = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    LOG_LEVEL: "warn",
    DRAIN_MS: "2000",
    TRUST_PROXY: "127.0.0.0/8",
    ...Object.fromEntries(defined),
  };
}

/** Adds the loopback origins of any port, for pages that are developed on this machine. */
function withLoopbackOrigins(allowed: string | undefined): string {
  return [...(allowed ? [allowed] : []), ...LOOPBACK_ORIGINS].join(",");
}

function report(log: Logger, event: SupervisionEvent): void {
  const { name } = event;
  if (event.type === "restarted") log.info({ child: event.pid }, `${name} restarted`);
  else if (event.type === "restart_failed") log.warn({ err: event.error }, `${name} could not be restarted`);
  else {
    const { code, signal } = event.exit;
    log.warn(`${name} died (${signal ?? `exit code ${code}`}), restarting in ${event.againInMs} ms`);
  }
}

/** Logs the failures among the front's events. Other events aren't recorded, because the front has no metrics. */
function reportFront(log: Logger, event: HttpEvent): void {
  if ("error" in event) log.error({ err: event.error }, `front: ${event.type}`);
}

function table(processes: readonly RunningProcess[]): string {
  const rows = processes.map(
    ({ name, pid, where }) =>
      `  ${name.padEnd(12)} ${(pid === undefined ? "existing" : `pid ${pid}`).padEnd(11)} ${where}`,
  );
  return rows.join("\n");
}

async function tokens(secret: string, { issuer, audience }: AuthSettings) {
  const tokenOf = async (user: string) => (await issueToken({ user, secret, issuer, audience })).token;
  return { alice: await tokenOf("alice"), bob: await tokenOf("bob") };
}
