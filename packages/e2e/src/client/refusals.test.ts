import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { until } from "@parley/async";
import type { ParleyError, State } from "@parley/client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { observe } from "../rig/sdk-observer.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

/** Preloaded into the server: each SIGUSR2 sets its wall clock an hour ahead, or back again. */
const SWITCHABLE_CLOCK = `
const now = Date.now;
let ahead = 0;
Date.now = () => now() + ahead;
process.on("SIGUSR2", () => { ahead = 3600000 - ahead; });
`;
const PRELOAD = `--import=data:text/javascript,${encodeURIComponent(SWITCHABLE_CLOCK)}`;
const BACKOFF = { baseMs: 50, maxMs: 2_000 };

describe("a refusal in passing doesn't end the SDK's client", () => {
  let deployment: Standalone;
  beforeAll(async () => {
    deployment = await startStandalone({ env: { NODE_OPTIONS: PRELOAD } });
  });
  afterAll(() => deployment?.stop());

  /** Connects a client and collects the errors of its states. */
  async function connected(user: string, options: { url?: string } = {}) {
    const observer = await observe(deployment, user, { backoff: BACKOFF, ...options });
    onTestFinished(() => observer.client.close());
    const states: State[] = [];
    observer.client.state.subscribe((state) => states.push(state));
    const errors = () => states.flatMap((state) => ("error" in state ? [state.error as ParleyError] : []));
    return { ...observer, errors };
  }

  it("P3, P6: while the server's clock is an hour ahead", async () => {
    const alice = await connected("alice");
    const switchClock = () => process.kill(deployment.app.pid, "SIGUSR2");
    switchClock();
    await until(() => alice.errors().some(({ code }) => code === "token_expired"), "a refusal");
    const sent = alice.client.send("alice", "over the clock");
    switchClock();
    await sent;
    await alice.message("over the clock");
    expect(alice.phases).not.toContain("closed");
  });

  it.each([401, 403])("P3: while a proxy answers everything with a page of its own: %i", async (status) => {
    const { proxy, url, answerPages } = await startProxy(status);
    onTestFinished(() => void proxy.closeAllConnections());
    const bob = await connected("bob", { url });
    answerPages(true);
    await until(() => bob.errors().filter(({ code }) => code === "unreachable").length > 5, "refusals");
    answerPages(false);
    await bob.client.send("bob", `over the proxy's ${status}`);
    await bob.message(`over the proxy's ${status}`);
    expect(bob.phases).not.toContain("closed");
  });

  /** A proxy that passes on WebSockets. With `answerPages(true)` it drops them and answers with an HTML page. */
  async function startProxy(status: number) {
    let isRefusing = false;
    const page = "<html>Not now</html>";
    const proxy = createServer((_req, res) =>
      res.writeHead(status, { "content-type": "text/html" }).end(page),
    );
    const sockets = new Set<{ destroy(): void }>();
    proxy.on("upgrade", (req, socket, head) => {
      socket.on("error", () => socket.destroy());
      if (isRefusing) return socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      const upstream = connectTcp(Number(new URL(deployment.app.url).port), "127.0.0.1", () => {
        const lines = req.rawHeaders.flatMap((name, n, all) =>
          n % 2 === 0 ? [`${name}: ${all[n + 1]}`] : [],
        );
        upstream.write(`GET ${req.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
        upstream.write(head);
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => socket.destroy());
      sockets.add(socket).add(upstream);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    const answerPages = (refusing: boolean) => {
      isRefusing = refusing;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    };
    return { proxy, answerPages, url: `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}/ws` };
  }
});
