import { describe, expect, it } from "vitest";
import { createLogger } from "../../logging/logger.ts";
import { createMetrics } from "../../metrics.ts";
import { observeHttp } from "./http-metrics.ts";

const log = createLogger({ name: "test", level: "silent" });

describe("the metrics of HTTP servers", () => {
  it("exist at 0 for each server and reason from the start, and count each event", async () => {
    const registry = createMetrics({ app: "test" });
    const metric = async (name: string, labels: string) =>
      new RegExp(`^parley_http_${name}\\{${labels}\\} (\\d+)$`, "m").exec(await registry.metrics())?.[1];
    const limits = { total: 100 };
    const observe = observeHttp(log, registry, { server: "public", limits });
    observeHttp(log, registry, { server: "admin", limits });
    for (const server of ["public", "admin"]) {
      expect(await metric("sockets", `server="${server}"`)).toBe("0");
      for (const reason of ["full", "address", "accept_failed"])
        expect(await metric("sockets_refused_total", `server="${server}",reason="${reason}"`)).toBe("0");
      for (const reason of ["evicted", "pipelining", "pieces", "failure"])
        expect(await metric("sockets_closed_total", `server="${server}",reason="${reason}"`)).toBe("0");
      expect(await metric("first_requests_waited_total", `server="${server}"`)).toBe("0");
    }
    observe({ type: "sockets", open: 3 });
    observe({ type: "refused", reason: "address" });
    observe({ type: "accept-failed", error: new Error("accept EMFILE") });
    observe({ type: "evicted" });
    observe({ type: "waits" });
    observe({ type: "held-back" });
    observe({ type: "failure", error: new Error("a fault") });
    expect(await metric("sockets", 'server="public"')).toBe("3");
    expect(await metric("sockets_refused_total", 'server="public",reason="address"')).toBe("1");
    expect(await metric("sockets_refused_total", 'server="public",reason="accept_failed"')).toBe("1");
    expect(await metric("sockets_closed_total", 'server="public",reason="evicted"')).toBe("1");
    expect(await metric("sockets_closed_total", 'server="public",reason="failure"')).toBe("1");
    expect(await metric("first_requests_waited_total", 'server="public"')).toBe("1");
    expect(await metric("refusals_held_back_total", 'server="public"')).toBe("1");
    expect(await metric("sockets_refused_total", 'server="admin",reason="address"')).toBe("0");
  });
});
