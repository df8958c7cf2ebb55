import { until } from "@parley/async";
import { connect, type Message } from "@parley/client";
import { startTcpProxy } from "@parley/testkit";
import { afterAll, expect, it } from "vitest";
import { openDoor } from "../rig/front-proxy.ts";
import { type Observer, observe } from "../rig/sdk-observer.ts";
import { describeSplit } from "../rig/shapes.ts";

const OPTIONS = { env: { RATE_LIMIT: "0", DRAIN_MS: "1000" } };
const HEARTBEAT = { everyMs: 300, timeoutMs: 300 };

const portOf = (url: string) => Number(new URL(url).port);
const idsOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => id);

await describeSplit("the SDK over faults", OPTIONS, (house) => {
  const { gateways, gatewayApps, token, history, stop } = house;
  afterAll(() => stop());

  /** Four senders of the SDK, until told to stop; what was acknowledged by then, by id. */
  function sendOn(url: string, name: string) {
    const acked = new Map<string, string>();
    let stopping = false;
    const clients = Array.from({ length: 4 }, (_, s) =>
      connect({
        url,
        historyUrl: house.historyUrl,
        token: () => token(`${name}-${s}`),
        heartbeat: HEARTBEAT,
        backoff: { baseMs: 50, maxMs: 500 },
      }),
    );
    const done = clients.map(async (client, s) => {
      for (let n = 0; !stopping; n += 1) {
        const content = `${name} ${s} ${n}`;
        acked.set((await client.send("", content)).id, content);
      }
      client.close();
    });
    return {
      acked,
      async stop() {
        stopping = true;
        await Promise.all(done);
        return acked;
      },
    };
  }

  /** Everything acknowledged is in the room, once, and the observer saw the room, once and in its order. */
  async function expectWhole(name: string, acked: Map<string, string>, observer: Observer): Promise<void> {
    await until(() => {
      const seen = new Set(idsOf(observer.messages));
      return [...acked.keys()].every((id) => seen.has(id)) || undefined;
    }, "everything to be seen");
    const room = ((await (await history("reader", "/messages")).json()) as Message[]).filter(({ content }) =>
      content.startsWith(name),
    );
    expect(new Map(room.map(({ id, content }) => [id, content]))).toEqual(acked);
    expect(room).toHaveLength(acked.size);
    expect(observer.messages.filter(({ content }) => content.startsWith(name))).toEqual(room);
  }

  it("F3: a gateway killed under load: all move to the other one, nothing lost, doubled or out of order", async () => {
    const door = await openDoor(gateways.map(portOf));
    const url = `ws://127.0.0.1:${door.port}/ws`;
    // Two observers through the door are on both gateways.
    const observers = [await observe(house, "eve", { url }), await observe(house, "eve", { url })];
    const load = sendOn(url, "f3");
    await until(() => load.acked.size > 200 || undefined, "load");
    await gatewayApps[0].kill("SIGKILL");
    const at = load.acked.size;
    await until(() => load.acked.size > at + 200 || undefined, "more load");
    const acked = await load.stop();
    for (const observer of observers) await expectWhole("f3", acked, observer);
    expect(observers.flatMap(({ phases }) => phases)).toContain("offline");
    for (const { client } of observers) client.close();
    await gatewayApps[0].restart();
    await door.close();
  });

  it("F15: both gateways restarted, one after the other under load: whole and in order", async () => {
    const door = await openDoor(gateways.map(portOf));
    const url = `ws://127.0.0.1:${door.port}/ws`;
    const observer = await observe(house, "eve", { url });
    const load = sendOn(url, "f15");
    await until(() => load.acked.size > 100 || undefined, "load");
    for (const app of gatewayApps) {
      await app.restart();
      const at = load.acked.size;
      await until(() => load.acked.size > at + 100 || undefined, "more load");
    }
    const acked = await load.stop();
    await expectWhole("f15", acked, observer);
    expect(observer.phases.filter((phase) => phase === "offline").length).toBeGreaterThan(0);
    observer.client.close();
    await door.close();
  });

  it("F8: the answer to a send is lost with the connection: sent again with its ref, one message", async () => {
    const proxy = await startTcpProxy(portOf(gateways[0]));
    const frank = await observe(house, "frank", { url: proxy.url(gateways[0]) });
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

  it("F10, P14: a link that is dead without a word is noticed within the heartbeat's bound, and nothing is missed", async () => {
    const proxy = await startTcpProxy(portOf(gateways[0]));
    const grace = await observe(house, "grace", {
      url: proxy.url(gateways[0]),
      heartbeat: HEARTBEAT,
    });
    const sender = await observe(house, "heidi");
    // A quiet link that lives outlasts many heartbeats.
    await until(() => proxy.bytes().up > 1_000 || undefined, "pings");
    expect(grace.phases).not.toContain("offline");
    const [link] = proxy.links();
    proxy.set("both", "swallow", ({ id }) => id === link?.id);
    const since = performance.now();
    await sender.client.send("grace", "into the void");
    await until(() => grace.client.state.current.phase !== "live" || undefined, "notice");
    expect(performance.now() - since).toBeLessThan(HEARTBEAT.everyMs + HEARTBEAT.timeoutMs + 500);
    await grace.message("into the void");
    await grace.live();
    expect(grace.messages).toHaveLength(1);
    for (const { client } of [grace, sender]) client.close();
    await proxy.close();
  });
});
