import { inBackground, until } from "@parley/async";
import { connect, type Message } from "@parley/client";
import { startTcpProxy } from "@parley/testkit";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { startFrontProxy } from "../rig/front-proxy.ts";
import { type Observer, observe } from "../rig/sdk-observer.ts";
import { describeSplit } from "../rig/shapes.ts";

const OPTIONS = { env: { RATE_LIMIT: "0", DRAIN_MS: "1000" } };
const HEARTBEAT = { everyMs: 300, timeoutMs: 300 };
/** A busy machine may stall the gateway for longer than the timeout above. */
const PATIENT_HEARTBEAT = { everyMs: 300, timeoutMs: 3_000 };
/** The frame of a ping, with its mask. */
const PING_BYTES = '{"type":"ping"}'.length + 6;
/** The SDK's own heartbeat would notice a dead link later. */
const NOTICED_WITHIN_MS = 10_000;

const portOf = (url: string) => Number(new URL(url).port);
const idsOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);

await describeSplit("the SDK over faults", OPTIONS, (deployment) => {
  const { gateways, gatewayApps, token, read, stop } = deployment;
  afterAll(() => stop());

  /**
   * Starts four SDK clients that send until `stop`. `acked` maps the id of each acknowledged message to its content.
   */
  function startSenders(url: string, name: string) {
    const acked = new Map<string, string>();
    let stopping = false;
    const clients = Array.from({ length: 4 }, (_, s) =>
      connect({
        url,
        historyUrl: deployment.historyUrl,
        token: () => token(`${name}-${s}`),
        heartbeat: HEARTBEAT,
        backoff: { baseMs: 50, maxMs: 500 },
      }),
    );
    const sending = clients.map(async (client, s) => {
      for (let n = 0; !stopping; n += 1) {
        const content = `${name} ${s} ${n}`;
        acked.set((await client.send("", content)).id, content);
      }
    });
    const done = inBackground(Promise.all(sending));
    onTestFinished(() => {
      stopping = true;
      for (const client of clients) client.close();
    });
    return {
      acked,
      async stop() {
        stopping = true;
        await done;
        return acked;
      },
    };
  }

  /**
   * Expects that history contains every acknowledged message once, and that the observer saw the same messages once
   * and in order.
   */
  async function expectWhole(name: string, acked: Map<string, string>, observer: Observer): Promise<void> {
    await until(() => {
      const seen = new Set(idsOf(observer.messages));
      return [...acked.keys()].every((id) => seen.has(id));
    }, "the observer to see everything");
    const all = await read<Message[]>("reader", "/messages");
    const room = all.filter(({ content }) => content.startsWith(name));
    expect(new Map(room.map(({ id, content }) => [id, content]))).toEqual(acked);
    expect(room).toHaveLength(acked.size);
    expect(observer.messages.filter(({ content }) => content.startsWith(name))).toEqual(room);
  }

  it("F3: a gateway killed under load: clients move to the other one, and nothing is lost, doubled or out of order", async () => {
    const frontProxy = await startFrontProxy(gateways.map(portOf));
    const url = `ws://127.0.0.1:${frontProxy.port}/ws`;
    // The proxy distributes connections, so the two observers are on different gateways.
    const observers = [await observe(deployment, "eve", { url }), await observe(deployment, "eve", { url })];
    const load = startSenders(url, "f3");
    await until(() => load.acked.size > 200, "load");
    await gatewayApps[0].kill("SIGKILL");
    const at = load.acked.size;
    await until(() => load.acked.size > at + 200, "more load");
    const acked = await load.stop();
    for (const observer of observers) await expectWhole("f3", acked, observer);
    expect(observers.flatMap(({ phases }) => phases)).toContain("offline");
    for (const { client } of observers) client.close();
    await gatewayApps[0].restart();
    await frontProxy.close();
  });

  it("F15: both gateways restarted, one after the other under load: nothing is lost or out of order", async () => {
    const frontProxy = await startFrontProxy(gateways.map(portOf));
    const url = `ws://127.0.0.1:${frontProxy.port}/ws`;
    const observer = await observe(deployment, "eve", { url });
    const load = startSenders(url, "f15");
    await until(() => load.acked.size > 100, "load");
    for (const app of gatewayApps) {
      await app.restart();
      const at = load.acked.size;
      await until(() => load.acked.size > at + 100, "more load");
    }
    const acked = await load.stop();
    await expectWhole("f15", acked, observer);
    expect(observer.phases.filter((phase) => phase === "offline").length).toBeGreaterThan(0);
    observer.client.close();
    await frontProxy.close();
  });

  it("F8: the answer to a send is lost with the connection: the retry with the same ref is the same message", async () => {
    const proxy = await startTcpProxy(portOf(gateways[0]));
    const frank = await observe(deployment, "frank", { url: proxy.url(gateways[0]) });
    const lost = proxy.loseNextReply();
    const receipt = await frank.client.send("frank", "answered twice");
    await lost;
    await frank.client.send("frank", "after it");
    await frank.message("after it");
    expect(frank.messages.map(({ content }) => content)).toEqual(["answered twice", "after it"]);
    expect(frank.messages[0]?.id).toBe(receipt.id);
    expect(frank.phases).toContain("offline");
    frank.client.close();
    await proxy.close();
  });

  it("F10, P14: a silently dead link is noticed within the heartbeat's bound, and nothing is missed", async () => {
    const proxy = await startTcpProxy(portOf(gateways[0]));
    const grace = await observe(deployment, "grace", {
      url: proxy.url(gateways[0]),
      heartbeat: PATIENT_HEARTBEAT,
    });
    const sender = await observe(deployment, "heidi");
    // A quiet link that works isn't closed by the heartbeat.
    const { up } = proxy.bytes();
    await until(() => proxy.bytes().up > up + PING_BYTES, "a second ping");
    expect(grace.phases).not.toContain("offline");
    const [link] = proxy.links();
    proxy.set("both", "swallow", ({ id }) => id === link?.id);
    const since = performance.now();
    await sender.client.send("grace", "into the void");
    // Not its present phase: it may be live again before anybody looks.
    await until(() => grace.phases.includes("offline"), "the dead link to be noticed");
    expect(performance.now() - since).toBeLessThan(NOTICED_WITHIN_MS);
    await grace.message("into the void");
    await grace.untilLive();
    expect(grace.messages).toHaveLength(1);
    for (const { client } of [grace, sender]) client.close();
    await proxy.close();
  });
});
