import { ChatError } from "@parley/models";
import { Router } from "express";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMetrics, metricFactory, type Registry } from "../metrics.ts";
import { type Admin, startAdmin } from "./admin.ts";

let admin: Admin;
let registry: Registry;
let problems: string[];

beforeEach(async () => {
  problems = [];
  registry = createMetrics({ app: "test" });
  const router = Router();
  router.get("/dead-letters", () => {
    throw new ChatError("forbidden");
  });
  router.get("/broken", () => {
    throw new Error("a secret of ours");
  });
  router.get("/rejects", () => Promise.reject(new Error("a secret of ours")));
  admin = await startAdmin({ port: 0, host: "127.0.0.1", problems: () => problems, registry, router });
});
afterEach(() => admin.close());

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(`${admin.url}${path}`, init);
  return {
    status: answer.status,
    type: answer.headers.get("content-type"),
    headers: answer.headers,
    text: await answer.text(),
  };
}

describe("the admin port", () => {
  it("P41: /readyz fails with every problem while /healthz still succeeds", async () => {
    expect(await ask("/readyz")).toMatchObject({ status: 200, text: '{"ready":true,"problems":[]}' });
    problems = ["the log cannot be reached", "draining"];
    const answer = await ask("/readyz");
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ ready: false, problems });
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("/metrics says whether the process is ready, as /readyz does, and how long its event loop worked", async () => {
    expect((await ask("/metrics")).text).toMatch(/^parley_ready 1$/m);
    problems = ["the log cannot be reached"];
    expect((await ask("/metrics")).text).toMatch(/^parley_ready 0$/m);
    const active = async () =>
      Number(/^parley_event_loop_active_seconds_total (\S+)$/m.exec((await ask("/metrics")).text)?.[1]);
    const before = await active();
    for (const until = performance.now() + 50; performance.now() < until; );
    expect(await active()).toBeGreaterThan(before + 0.04);
  });

  it("/metrics has the app's metrics, and the process's under their usual names", async () => {
    metricFactory(registry, "tests").counter("total", "Tests.").inc(3);
    const { type, text } = await ask("/metrics");
    expect(type).toMatch(/^text\/plain/);
    expect(text).toMatch(/^parley_info\{app="test",version="\d+\.\d+\.\d+"\} 1$/m);
    expect(text).toMatch(/^parley_tests_total 3$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
    // Prometheus has a label of this name itself.
    expect(text).not.toContain("service=");
  });

  it("mounts a router, whose errors become problems without internal details", async () => {
    expect(await ask("/dead-letters")).toMatchObject({ status: 403, type: "application/problem+json" });
    for (const path of ["/broken", "/rejects"]) {
      const answer = await ask(path);
      expect(answer).toMatchObject({ status: 500, type: "application/problem+json" });
      expect(answer.text).not.toContain("secret");
    }
  });

  it.each([
    ["/", {}, 404],
    ["/messages", {}, 404],
    ["/healthz", { method: "POST" }, 404],
    ["/%ff", {}, 404],
    ["/dead-letters/../../etc/passwd", {}, 404],
  ])("answers %s %o with a problem and %i", async (path, init, status) => {
    expect(await ask(path, init)).toMatchObject({ status, type: "application/problem+json" });
  });

  it("doesn't reveal its framework and forbids caching", async () => {
    const { headers } = await ask("/healthz");
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("names ADMIN_PORT if the port is already in use", async () => {
    const second = startAdmin({ port: admin.port, host: "127.0.0.1", problems: () => [], registry });
    await expect(second).rejects.toThrow(/^ADMIN_PORT \d+ is taken/);
  });

  it("closes", async () => {
    await admin.close();
    await expect(fetch(`${admin.url}/healthz`)).rejects.toThrow();
  });
});
