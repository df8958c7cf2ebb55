/**
 * Delivers every entry of the feed (P63) to a webhook: in order, signed, and each until the receiver answers with 2xx.
 *
 *   PARLEY_TOKEN=... WEBHOOK_URL=https://example.com/hook WEBHOOK_SECRET=... node relay.js
 */
import { setTimeout as sleep } from "node:timers/promises";
import { openState } from "./cursor-file.js";
import { metrics, serveMetrics } from "./metrics.js";
import { sign } from "./signature.js";

const {
  PARLEY_URL: url = "http://localhost:8080",
  PARLEY_TOKEN: token = required("PARLEY_TOKEN"), // with the scope history:all
  WEBHOOK_URL: webhook = required("WEBHOOK_URL"),
  WEBHOOK_SECRET: secret = required("WEBHOOK_SECRET"),
  CURSOR_FILE: cursorFile = "webhook-relay.cursor",
  TIMEOUT_MS: timeoutMs = "10000", // the time that the receiver may take
  MAX_PAUSE_MS: maxPauseMs = "60000", // the longest pause between two attempts
  METRICS_PORT: metricsPort = "9465",
} = process.env;

/** The position after which the relay continues, and the id of the last entry that was delivered. */
const { state, save } = openState(cursorFile);
serveMetrics(Number(metricsPort));

for (;;) {
  const { entries, cursor } = await untilDone("feed", readFeed);
  // After a lost log the feed starts again (L3). Ids sort as the log does, so an entry up to the last one was delivered.
  for (const entry of entries.filter(({ id }) => id > state.last)) {
    await untilDone("webhook", () => deliver(entry));
    metrics.delivered += 1;
    metrics.position = Date.parse(entry.timestamp) / 1000;
    save({ cursor: entry.id, last: entry.id });
  }
  save({ cursor, last: state.last });
}

async function readFeed() {
  const query = new URLSearchParams({
    limit: "100",
    wait: "25",
    ...(state.cursor && { after: state.cursor }),
  });
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/feed?${query}`, { headers, signal: AbortSignal.timeout(40_000) });
  if (response.ok) return response.json();
  await response.body?.cancel();
  throw new Error(`status ${response.status}`);
}

async function deliver(entry) {
  const body = JSON.stringify(entry);
  const headers = { "content-type": "application/json", ...sign(secret, body) };
  const signal = AbortSignal.timeout(Number(timeoutMs));
  const response = await fetch(webhook, { method: "POST", headers, body, redirect: "manual", signal });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`status ${response.status}`);
}

/** Repeats a request until it succeeds. The pauses grow, half of each at random, so a receiver that is back isn't flooded. */
async function untilDone(other, request) {
  for (let pauseMs = 500; ; pauseMs = Math.min(2 * pauseMs, Number(maxPauseMs))) {
    try {
      const answer = await request();
      metrics.failing[other] = 0;
      return answer;
    } catch (error) {
      metrics.failures[other] += 1;
      metrics.failing[other] = 1;
      console.error(`${other}: ${error.message}; trying again`);
      await sleep(pauseMs * (0.5 + Math.random() / 2));
    }
  }
}

function required(name) {
  console.error(`${name} must be set`);
  process.exit(1);
}
