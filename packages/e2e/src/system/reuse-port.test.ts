import { until } from "@parley/async";
import { type App, freePort, startApp } from "@parley/local";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { describeSplit } from "../rig/shapes.ts";

/** The kernel distributes connections randomly. With this many, each of two processes gets some. */
const CLIENTS = 40;

await describeSplit("several gateways on one port", {}, ({ env, token, stop }) => {
  let workers: [App, App];
  let clients: ChatClient[] = [];

  beforeAll(async () => {
    const PORT = String(await freePort());
    const start = async () =>
      startApp("gateway", {
        built: true,
        env: { ...env, PORT, ADMIN_PORT: String(await freePort()), REUSE_PORT: "true" },
      });
    workers = [await start(), await start()];
    const url = `${workers[0].url.replace("http", "ws")}/ws`;
    clients = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, n) => ChatClient.connect(url, await token(`u${n}`))),
    );
  });
  afterAll(async () => {
    for (const { socket } of clients) socket.terminate();
    await Promise.all(workers.map((worker) => worker.kill("SIGKILL")));
    await stop();
  });

  it("REUSE_PORT: each process has a share of the clients, and a message reaches all of them", async () => {
    const shares = await Promise.all(workers.map(connectionsOf));
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(shares.reduce((sum, share) => sum + share)).toBe(CLIENTS);
    await clients[0]?.send("", "to everybody");
    await Promise.all(clients.map((client) => client.message("to everybody")));
  });

  it("REUSE_PORT: after one process dies, the clients of the other stay and new ones can connect", async () => {
    await workers[0].kill("SIGKILL");
    const url = `${workers[1].url.replace("http", "ws")}/ws`;
    clients.push(await ChatClient.connect(url, await token("late")));
    await clients.at(-1)?.send("", "after a death");
    const open = () => clients.filter(({ socket }) => socket.readyState === socket.OPEN);
    // The clients of the dead process hear of its end one by one.
    await until(async () => open().length === (await connectionsOf(workers[1])), "all ends to be heard");
    const left = open();
    expect(left.length).toBeGreaterThan(1);
    await Promise.all(left.map((client) => client.message("after a death")));
  });
});

async function connectionsOf({ adminUrl }: App): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^parley_gateway_connections (\d+)$/m.exec(metrics)?.[1]);
}
