/** The relay's metrics, for Prometheus. Alert if `webhook_relay_failing` stays 1. */
import { createServer } from "node:http";

export const metrics = {
  delivered: 0,
  /** Failed requests to the feed, and to the webhook. */
  failures: { feed: 0, webhook: 0 },
  /** 1 while the last request failed. */
  failing: { feed: 0, webhook: 0 },
  /** The time of the last entry that was delivered, in seconds since 1970. */
  position: 0,
};

export function serveMetrics(port) {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(text());
  });
  server.listen(port, "127.0.0.1", () => console.log(`metrics on port ${server.address().port}`));
}

function text() {
  const both = (name, values) =>
    Object.entries(values)
      .map(([other, value]) => `webhook_relay_${name}{other="${other}"} ${value}\n`)
      .join("");
  return (
    `# TYPE webhook_relay_delivered_total counter\nwebhook_relay_delivered_total ${metrics.delivered}\n` +
    `# TYPE webhook_relay_failures_total counter\n${both("failures_total", metrics.failures)}` +
    `# TYPE webhook_relay_failing gauge\n${both("failing", metrics.failing)}` +
    `# TYPE webhook_relay_position_timestamp_seconds gauge\nwebhook_relay_position_timestamp_seconds ${metrics.position}\n`
  );
}
