import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { Attacker } from "./attacker.ts";
import { clientFrame } from "./frames.ts";
import { holdConnections } from "./hold.ts";
import { keepSending } from "./keep-sending.ts";
import type { SinkOrder, SinkReport } from "./sink-process.ts";
import { startWorker } from "./worker.ts";

async function startSink(answerBytes: number): Promise<number> {
  const sink = startWorker<SinkOrder, SinkReport>(join(import.meta.dirname, "sink-process.ts"));
  onTestFinished(() => sink.stop());
  return (await sink.call({ answerBytes })).port;
}

function attackerOf(port: number, ms: number): Attacker {
  const address = { host: "127.0.0.1", port };
  const orders = { gateway: address, history: address, tokens: ["token"], perSecond: 500 };
  const attacker = new Attacker(orders, AbortSignal.timeout(ms));
  onTestFinished(() => attacker.close());
  return attacker;
}

describe("an attacker at its sink", () => {
  it("gets an answer to each request, and a WebSocket that discards its frames", async () => {
    const port = await startSink(50_000);
    const response = await fetch(`http://127.0.0.1:${port}/sync`);
    expect((await response.text()).length).toBe(50_000);
    const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
    ws.terminate();
    const attacker = attackerOf(port, 1_000);
    await attacker.get("/sync");
    const socket = await attacker.openWebSocket();
    expect(socket && (await attacker.write(socket, clientFrame("x".repeat(60_000))))).toBe(true);
  });

  it("makes no more operations than its rate allows, and ends with its signal", async () => {
    const port = await startSink(100);
    const sender = attackerOf(port, 500);
    await keepSending(sender, { next: () => clientFrame("x") });
    const holder = attackerOf(port, 500);
    await holdConnections(holder, { targets: [holder.gateway, holder.history], count: 20, drip: "x" });
    for (const { operations } of [sender, holder]) {
      expect(operations).toBeGreaterThan(20);
      expect(operations).toBeLessThan(400);
    }
  });

  it("goes on when nothing listens at its target", async () => {
    const attacker = attackerOf(1, 300);
    expect(await attacker.open(attacker.gateway)).toBeUndefined();
    await attacker.get("/sync");
    await keepSending(attacker, { next: () => clientFrame("x") });
    expect(attacker.operations).toBeGreaterThan(5);
  });
});
