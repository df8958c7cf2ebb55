import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { startProcess } from "../rig/commands.ts";
import { EXAMPLES } from "../rig/examples.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

type RunningCommand = ReturnType<typeof startProcess>;

const SECRET = "a-secret-of-this-test";
const fileOf = (name: string) => join(EXAMPLES, "webhook-relay", name);

let deployment: Standalone;
let dir: string;
const running: RunningCommand[] = [];
beforeAll(async () => {
  deployment = await startStandalone({ env: { RATE_LIMIT: "0" } });
  dir = await mkdtemp(join(tmpdir(), "parley-relay-"));
});
afterAll(async () => {
  for (const command of running) command.signal("SIGKILL");
  await deployment?.stop();
  await rm(dir, { recursive: true, force: true });
});

function start(name: string, env: Record<string, string>): RunningCommand {
  const command = startProcess(process.execPath, [fileOf(name)], { WEBHOOK_SECRET: SECRET, ...env });
  running.push(command);
  return command;
}

async function startReceiver(port: string, delayMs = 0) {
  const receiver = start("receiver.js", { PORT: port, DELAY_MS: `${delayMs}` });
  await receiver.printed(/listening on port \d+/);
  return { receiver, port: /listening on port (\d+)/.exec(receiver.out)?.[1] ?? "" };
}

async function metricsOf(relay: RunningCommand): Promise<string> {
  const port = /metrics on port (\d+)/.exec(relay.out)?.[1];
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

async function kill(command: RunningCommand): Promise<void> {
  command.signal("SIGKILL");
  await command.exited;
}

describe("the webhook relay", () => {
  it("delivers each entry at least once and in order, while the receiver and the relay are killed and slow", async () => {
    const alice = await ChatClient.connect(deployment.gateways[0], await deployment.token("alice"));
    const { receiver: first, port } = await startReceiver("0");
    const env = {
      PARLEY_URL: deployment.app.url.replace(/\/$/, ""),
      PARLEY_TOKEN: await deployment.token("relay", { scopes: ["history:all"] }),
      WEBHOOK_URL: `http://127.0.0.1:${port}`,
      CURSOR_FILE: join(dir, "cursor"),
      TIMEOUT_MS: "1000",
      MAX_PAUSE_MS: "1000",
      METRICS_PORT: "0",
    };
    const relay = start("relay.js", env);
    const receivers = [first];
    const ids: string[] = [];
    const send = async (text: string) => ids.push((await alice.send("bob", text)).id);
    const delivered = (text: string) => receivers.at(-1)?.printed(new RegExp(`alice: ${text}\n`));
    await send("one");
    await delivered("one");
    // Killed earlier, the receiver would have the entry, and the relay no answer.
    await until(async () => (await metricsOf(relay)).includes("webhook_relay_delivered_total 1\n"));

    // The receiver is away: the relay tries again, counts it, and drops nothing.
    await kill(first);
    await send("two");
    await relay.printed(/webhook: .*trying again/, "err");
    const metrics = await metricsOf(relay);
    expect(metrics).toMatch(/webhook_relay_failures_total\{other="webhook"\} [1-9]/);
    expect(metrics).toMatch(/webhook_relay_failing\{other="webhook"\} 1/);
    expect(metrics).toMatch(/webhook_relay_delivered_total 1\n/);

    // The receiver is slower than the relay waits: entries come again, until it is quick.
    const slow = (await startReceiver(port, 2_000)).receiver;
    receivers.push(slow);
    await slow.printed(/again \d/);
    await send("three");
    await kill(slow);
    receivers.push((await startReceiver(port)).receiver);
    await delivered("three");

    // The relay is killed, and continues from its file.
    await kill(relay);
    await send("four");
    start("relay.js", env);
    await delivered("four");

    const seen = receivers.flatMap(({ out }) =>
      [...out.matchAll(/^message (\S+) alice/gm)].map(([, id = ""]) => id),
    );
    expect(seen).toEqual(seen.toSorted());
    expect([...new Set(seen)]).toEqual(ids);
    alice.socket.terminate();
  });

  it("the receiver refuses what isn't signed, is signed with another secret, was changed, or is old, and survives who leaves", async () => {
    const { receiver, port } = await startReceiver("0");
    const leaving = connect(Number(port), "127.0.0.1");
    leaving.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{", () =>
      leaving.resetAndDestroy(),
    );
    await once(leaving, "close");
    const sign = (secret: string, body: string, age = 0): Record<string, string> => {
      const script = `import { sign } from ${JSON.stringify(fileOf("signature.js"))};
        console.log(JSON.stringify(sign(${JSON.stringify(secret)}, ${JSON.stringify(body)}, ${Math.floor(Date.now() / 1000) - age})));`;
      const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
      return JSON.parse(out);
    };
    const body = JSON.stringify({
      type: "message",
      id: "1",
      message: { from: "alice", content: "hi\x1b[2J" },
    });
    const post = async (headers: Record<string, string>, text = body) =>
      (await fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body: text })).status;
    expect(await post({})).toBe(401);
    expect(await post(sign("another", body))).toBe(401);
    expect(await post(sign(SECRET, body), `${body} `)).toBe(401);
    expect(await post(sign(SECRET, body, 400))).toBe(401);
    expect(receiver.out).not.toContain("alice");
    expect(await post(sign(SECRET, body))).toBe(204);
    await receiver.printed(/alice: hi\?\[2J/);
  });
});
