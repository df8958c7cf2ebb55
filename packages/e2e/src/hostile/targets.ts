import { fileURLToPath } from "node:url";
import { until } from "@parley/async";
import { type Child, freePort, startChild } from "@parley/local";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, startSplit, startStandalone } from "../rig/shapes.ts";

/** The processes that are attacked. All of them are real, not fakes. */
export interface Targets {
  /** The URL of every port, by the name of its server. */
  readonly urls: Readonly<Record<string, string>>;
  token(user: string, scopes?: readonly string[]): Promise<string>;
  /** Throws if a process has exited or doesn't serve, or if it closed a socket because of an unexpected failure. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

interface Process extends Pick<Child, "exited" | "output"> {
  readonly name: string;
}

const EXAMPLE = fileURLToPath(new URL("../../../../examples/browser/serve.js", import.meta.url));
const FRONT = fileURLToPath(new URL("./front.child.ts", import.meta.url));
const START_TIMEOUT_MS = 20_000;
const ENV = { RATE_LIMIT: "0", MAX_CONNECTIONS_PER_USER: "0" };

/**
 * Starts standalone, the local front before it, and the server of the example for browsers. If this machine has a
 * Redis and a MongoDB, also starts a split deployment. One of its gateways, its history-api and its persisters are
 * attacked too.
 */
export async function startTargets(): Promise<Targets> {
  const [standalone, split, examplePort] = await Promise.all([
    startStandalone({ env: ENV }),
    startSplit({ env: ENV }),
    freePort(),
  ]);
  const { app } = standalone;
  const [front, example] = await Promise.all([
    startNode([FRONT, app.url, app.adminUrl], {}),
    startNode([EXAMPLE], { PORT: String(examplePort) }),
  ]);
  await Promise.all([
    front.printed(/listening/, START_TIMEOUT_MS),
    example.printed(/http:/, START_TIMEOUT_MS),
  ]);
  const frontUrl = `http://127.0.0.1:${/listening on (\d+)/.exec(front.output())?.[1]}`;
  const exampleUrl = `http://127.0.0.1:${examplePort}`;
  const splitApps = split ? [split.gatewayApps[0], split.historyApi, ...split.persisters] : [];
  const apps = [app, ...splitApps];
  const failure = firstExit([...apps, { name: "front", ...front }, { name: "example", ...example }]);
  const admins = Object.fromEntries(apps.map(({ name, adminUrl }) => [`admin of ${name}`, adminUrl]));
  const services = Object.fromEntries(
    apps.filter(({ name }) => name !== "persister").map(({ name, url }) => [name, url]),
  );

  return {
    urls: { ...services, ...admins, front: frontUrl, example: exampleUrl },
    token: (user, scopes = []) => standalone.token(user, { scopes: [...scopes] }),
    async check() {
      failure.assertNone();
      await chatThrough(standalone.gateways[0], standalone.historyUrl, standalone);
      await chatThrough(`${frontUrl.replace("http", "ws")}/ws`, frontUrl, standalone);
      if (split) await chatThrough(split.gateways[0], split.historyUrl, split);
      await expectOk(exampleUrl);
      for (const { adminUrl, output } of apps) await expectNoFailure(adminUrl, output);
      failure.assertNone();
    },
    async stop() {
      await Promise.all([front.kill("SIGKILL"), example.kill("SIGKILL"), standalone.stop(), split?.stop()]);
    },
  };
}

/** Remembers the first process that exited. `assertNone` throws if there is one. */
function firstExit(processes: readonly Process[]): { assertNone(): void } {
  let ended: string | undefined;
  for (const { name, exited, output } of processes)
    void exited.then(({ code, signal }) => {
      ended ??= `${name} ended with ${signal ?? code}: ${output()}`;
    });
  return {
    assertNone() {
      if (ended !== undefined) throw new Error(ended);
    },
  };
}

function startNode(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
  const { PATH, HOME } = process.env;
  return startChild({ command: process.execPath, args: [...args], env: { PATH, HOME, ...env } });
}

/** Sends a message and reads it from history. */
async function chatThrough(
  gateway: string,
  history: string,
  { token }: Pick<Deployment, "token">,
): Promise<void> {
  const client = await ChatClient.connect(gateway, await token("carol"));
  const { id } = await client.send("dave", "still here");
  client.socket.terminate();
  const headers = { authorization: `Bearer ${await token("dave")}` };
  const page = await until(async () => {
    const answer = await fetch(`${history}/messages/carol?limit=1`, { headers });
    const text = await answer.text();
    return answer.status === 503 ? undefined : text;
  }, `an answer of ${history}`);
  if (!page.includes(id)) throw new Error(`${history}: the newest message should be ${id}: ${page}`);
}

async function expectOk(url: string): Promise<void> {
  const { ok, status } = await fetch(url);
  if (!ok) throw new Error(`${url} answers ${status}`);
}

async function expectNoFailure(adminUrl: string, output: () => string): Promise<void> {
  await until(() => expectOk(`${adminUrl}/readyz`).then(() => true), `${adminUrl} to be ready`);
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const failed = /^parley_http_sockets_closed_total\{[^}]*reason="failure"[^}]*\} [1-9].*$/m.exec(metrics);
  if (failed) throw new Error(`${failed[0]}: ${output()}`);
}
