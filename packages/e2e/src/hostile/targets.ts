import { join } from "node:path";
import { type Child, freePort, startChild } from "@parley/local";
import { ChatClient } from "../rig/chat-client.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

/** The processes that are attacked, each of them real. */
export interface Targets {
  /** Every port, with the name of its server. */
  readonly ports: readonly (readonly [name: string, port: number])[];
  token(user: string): Promise<string>;
  /** Throws unless every process still runs and serves, and none of them reports an unexpected failure. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

const EXAMPLE = join(import.meta.dirname, "../../../../examples/browser/serve.js");
const FRONT = join(import.meta.dirname, "front.child.ts");
const START_TIMEOUT_MS = 20_000;

/** Starts standalone (the cores of gateway and history-api), the local front before it, and the example's server. */
export async function startTargets(): Promise<Targets> {
  const standalone = await startStandalone({ env: { RATE_LIMIT: "0", MAX_CONNECTIONS_PER_USER: "0" } });
  const { app } = standalone;
  const examplePort = await freePort();
  const [front, example] = await Promise.all([
    startNode([FRONT, app.url, app.adminUrl], {}),
    startNode([EXAMPLE], { PORT: String(examplePort) }),
  ]);
  await Promise.all([
    front.printed(/listening/, START_TIMEOUT_MS),
    example.printed(/http:/, START_TIMEOUT_MS),
  ]);
  const frontPort = Number(/listening on (\d+)/.exec(front.output())?.[1]);
  const urls = {
    standalone: app.url,
    admin: app.adminUrl,
    front: `http://127.0.0.1:${frontPort}`,
    example: `http://127.0.0.1:${examplePort}`,
  };
  let ended: string | undefined;
  for (const [name, { exited, output }] of Object.entries({ standalone: app, front, example }))
    void exited.then(({ code, signal }) => {
      ended ??= `${name} ended with ${signal ?? code}: ${output()}`;
    });

  return {
    ports: Object.entries(urls).map(([name, url]) => [name, Number(new URL(url).port)]),
    token: (user) => standalone.token(user),
    async check() {
      if (ended !== undefined) throw new Error(ended);
      for (const base of [urls.standalone, urls.front]) await chatThrough(base, standalone);
      await expectOk(`${urls.admin}/readyz`);
      await expectOk(urls.example);
      if (ended !== undefined) throw new Error(ended);
      const metrics = await (await fetch(`${urls.admin}/metrics`)).text();
      const failures = /^parley_http_sockets_closed_total\{[^}]*reason="failure"[^}]*\} [1-9]/m.exec(metrics);
      if (failures) throw new Error(`${failures[0]}: ${app.output()}`);
    },
    async stop() {
      await Promise.all([front.kill("SIGKILL"), example.kill("SIGKILL"), standalone.stop()]);
    },
  };
}

function startNode(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
  const { PATH, HOME } = process.env;
  return startChild({ command: process.execPath, args: [...args], env: { PATH, HOME, ...env } });
}

/** Sends a message and reads it from history. */
async function chatThrough(base: string, { token }: Standalone): Promise<void> {
  const client = await ChatClient.connect(`${base.replace("http", "ws")}/ws`, await token("carol"));
  const { id } = await client.send("dave", "still here");
  client.socket.terminate();
  const headers = { authorization: `Bearer ${await token("dave")}` };
  const response = await fetch(`${base}/messages/carol`, { headers });
  if (!(await response.text()).includes(id)) throw new Error(`${base}: ${id} is missing from history`);
}

async function expectOk(url: string): Promise<void> {
  const { ok, status } = await fetch(url);
  if (!ok) throw new Error(`${url} answers ${status}`);
}
