import { connect, type Socket } from "node:net";
import { sleep, until } from "@parley/async";
import { afterEach, it } from "vitest";
import { startFullyStored } from "../test/fully-stored.ts";
import { LIMITS, type RunningApi, tokenOf } from "../test/running-api.ts";
import { message } from "../test/scripted-tail.ts";

/** Number of messages in a response. They fit into a single write, so the response is complete once it is written. */
const MESSAGES = 50;
/** Limit for all responses. One user's quarter of it has room for one response, but not for a second request. */
const RESPONSE_BYTES = 4 * 70_000;
/** Number of rounds. If the first round's bytes were never freed, the second round would fail. */
const ROUNDS = 2;
const TIMEOUT_MS = 40_000;
const SLOW_CLIENT_MS = 1_000;
/** A response that still counts after this time is stuck. Any other response is finished by then. */
const STUCK_MS = 300;
/**
 * After this many checks the client writes a request without waiting for the outcome of the one before. Only a write
 * shows that the server has closed the connection.
 */
const CHECKS_PER_PROBE = 40;
const CHECKS_PER_LOOK = 10;

let server: RunningApi;
let client: Socket | undefined;

afterEach(async () => {
  client?.destroy();
  await server.stop();
});

it("G5: a complete response that nobody reads counts, and frees its bytes after SLOW_CLIENT_MS", {
  timeout: 130_000,
}, async () => {
  const log = Array.from({ length: MESSAGES }, (_, at) => message(at + 1, { content: "x".repeat(1_100) }));
  ({ server } = await startFullyStored(log, {
    limits: { ...LIMITS, responseBytes: RESPONSE_BYTES },
    slowClientMs: SLOW_CLIENT_MS,
  }));
  const { hostname, port } = new URL(server.url);
  const authorization = `Bearer ${await tokenOf("alice")}`;
  const request = `GET /messages/bob?limit=${MESSAGES} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`;
  let probes = 0;
  const isFull = async () => {
    const { status } = await server.request("/sync?limit=1");
    probes += 1;
    return status === 429;
  };
  const abandoned = () => server.events.filter((event) => event.type === "abandoned" && event.slow).length;
  const settled = () =>
    server.events.filter(({ type }) => type === "answered" || type === "refused").length - probes;
  for (let round = 0; round < ROUNDS; round++) {
    const before = abandoned();
    let sent = 0;
    let checks = 0;
    let settledBefore = settled();
    // The kernel may buffer many responses before one is stuck. Until then the client sends each request only after
    // the outcome of the request before it.
    const isStuck = async () => {
      if (!client || client.destroyed) {
        client = connectSilently(Number(port), hostname);
        [sent, settledBefore] = [0, settled()];
      }
      checks += 1;
      if (settled() - settledBefore >= sent || checks % CHECKS_PER_PROBE === 0) {
        client.write(request);
        sent += 1;
      }
      if (checks % CHECKS_PER_LOOK !== 0 || !(await isFull())) return false;
      await sleep(STUCK_MS);
      return isFull();
    };
    await until(isStuck, "a response that counts", TIMEOUT_MS);
    await until(() => abandoned() > before, "an abandoned response", TIMEOUT_MS);
    await until(async () => !(await isFull()), "free bytes", TIMEOUT_MS);
  }
});

/** Connects a client that never reads. */
function connectSilently(port: number, host: string): Socket {
  return connect(port, host)
    .on("error", () => undefined)
    .pause();
}
