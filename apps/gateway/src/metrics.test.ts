import { until } from "@parley/async";
import { createLogger, Registry } from "@parley/service";
import { describe, expect, it } from "vitest";
import { observeGateway } from "./metrics.ts";
import { connectClient } from "./test/chat-client.ts";
import { startGateway } from "./test/running-gateway.ts";

describe("the gateway's metrics", () => {
  it("P32 G5: count what the rates refused, by limit, and show every limit at 0 from the start", async () => {
    const registry = new Registry();
    const observe = observeGateway(createLogger({ name: "gateway", level: "silent" }), registry);
    const counts = async () => {
      const lines = (await registry.metrics()).split("\n");
      return lines.filter((line) => line.startsWith("parley_gateway_rate_limited_total")).sort();
    };
    expect(await counts()).toEqual([
      'parley_gateway_rate_limited_total{limit="bytes"} 0',
      'parley_gateway_rate_limited_total{limit="frames"} 0',
      'parley_gateway_rate_limited_total{limit="reading"} 0',
    ]);
    observe({ type: "frame-refused", connection: "c", code: "rate_limited", limit: "bytes" });
    observe({ type: "frame-refused", connection: "c", code: "rate_limited", limit: "frames" });
    observe({ type: "frame-refused", connection: "c", code: "invalid_json" });
    for (let n = 0; n < 2; n++) observe({ type: "throttled", connection: "c" });
    expect(await counts()).toEqual([
      'parley_gateway_rate_limited_total{limit="bytes"} 1',
      'parley_gateway_rate_limited_total{limit="frames"} 1',
      'parley_gateway_rate_limited_total{limit="reading"} 2',
    ]);
  });

  it("time handshakes, acks and deliveries of public and private messages, and show limits beside their use", async () => {
    const gateway = await startGateway({ config: { heartbeatMs: 250 } });
    const registry = new Registry();
    const observe = observeGateway(createLogger({ name: "gateway", level: "silent" }), registry);
    const alice = await connectClient(gateway, "alice");
    alice.send({ content: "to all", ref: "1" });
    alice.send({ content: "to one", to: "bob", ref: "2" });
    await alice.waitFor("ack", 2);
    await until(() => gateway.events.filter(({ type }) => type === "delivered").length >= 1, "a delivery");
    await until(() => gateway.events.some(({ type }) => type === "load"), "the load");
    for (const event of gateway.events) observe(event);
    const text = await registry.metrics();
    expect(text).toMatch(/^parley_gateway_handshake_seconds_count 1$/m);
    expect(text).toMatch(/^parley_gateway_ack_seconds_count 2$/m);
    expect(text).toMatch(/^parley_gateway_messages_accepted_total 2$/m);
    expect(text).toMatch(/^parley_gateway_delivery_seconds_count [12]$/m);
    expect(text).toMatch(/^parley_gateway_connections 1$/m);
    expect(text).toMatch(/^parley_gateway_connections_limit \d+$/m);
    expect(text).toMatch(/^parley_gateway_pending_bytes 0$/m);
    const times = [...text.matchAll(/^parley_gateway_(?:ack|handshake|delivery)_seconds_sum (\S+)$/gm)];
    for (const [, seconds] of times) expect(Number(seconds)).toBeGreaterThan(0);
  });

  it("G5: count the close codes that clients make up as one", async () => {
    const registry = new Registry();
    const observe = observeGateway(createLogger({ name: "gateway", level: "silent" }), registry);
    const closed = { type: "disconnected", connection: "c", user: "u", cause: undefined, ms: 1 } as const;
    for (let code = 3000; code < 5000; code++) observe({ ...closed, code });
    observe({ ...closed, code: 1006 });
    const lines = (await registry.metrics()).split("\n").filter((line) => line.includes("ended_total{"));
    expect(lines).toContain('parley_gateway_connections_ended_total{code="other"} 1996');
    expect(lines).toContain('parley_gateway_connections_ended_total{code="4001"} 1');
    expect(lines).toContain('parley_gateway_connections_ended_total{code="1006"} 1');
    expect(lines.length).toBeLessThan(16);
  });
});
