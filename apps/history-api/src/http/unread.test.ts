import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import { afterEach, it } from "vitest";
import { RunningApi, tokenOf } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

/** A response of 50 messages is a little smaller than one write, so it is complete as soon as it is written. */
const MESSAGES = 50;
/** The limit on requests: one response being sent and the requests that wait behind it on the same connection. */
const REQUESTS = 3;
/** As many rounds as there are places, so that losing one place per round would leave none. */
const ROUNDS = 3;
const ABANDON_TIMEOUT_MS = 40_000;
/** Checks between two writes that don't wait for an outcome. Only a write notices that the server closed the connection. */
const CHECKS_PER_PROBE = 40;

let server: RunningApi;
let client: Socket | undefined;

afterEach(async () => {
  client?.destroy();
  await server.stop();
});

it("G5: a response that nobody reads frees its place, and so do the requests that wait behind it", {
  timeout: 130_000,
}, async () => {
  const limits = { requests: REQUESTS, streams: 1, streamsPerUser: 1, pageBytes: 1_000_000_000 };
  const log = Array.from({ length: MESSAGES }, (_, at) => message(at + 1, { content: "x".repeat(1_100) }));
  server = await RunningApi.start(
    async (store) => {
      await store.insert(log);
      const tail = new ScriptedTail();
      tail.replace(idAt(MESSAGES));
      return tail;
    },
    { limits, slowClientMs: 1_000 },
  );
  await until(() => server.api.problems().length === 0);
  const { hostname, port } = new URL(server.url);
  const authorization = `Bearer ${await tokenOf("alice")}`;
  const request = `GET /messages/bob?limit=${MESSAGES} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`;
  const isFull = async () => (await server.request("/sync?limit=1")).status === 503;
  const abandoned = () => server.events.filter((event) => event.type === "abandoned" && event.slow).length;
  const settled = () => server.events.filter(({ type }) => type === "answered" || type === "refused").length;
  let sent = 0;
  let settledBefore = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = abandoned();
    let checks = 0;
    // The kernel may buffer many responses before one is stuck. Until then each request waits for the outcome of the one
    // before, because a client that sends too fast is refused and cut.
    const isOneAbandoned = () => {
      if (!client || client.destroyed) {
        client = connectSilently(Number(port), hostname);
        sent = 0;
        settledBefore = settled();
      }
      checks += 1;
      if (settled() - settledBefore >= sent || checks % CHECKS_PER_PROBE === 0) {
        client.write(request);
        sent += 1;
      }
      return abandoned() > before;
    };
    await until(isOneAbandoned, "an abandoned response", ABANDON_TIMEOUT_MS);
    await until(async () => !(await isFull()));
  }
});

/** Connects a client that never reads. */
function connectSilently(port: number, host: string): Socket {
  return connect(port, host)
    .on("error", () => undefined)
    .pause();
}
