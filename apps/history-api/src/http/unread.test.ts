import { connect, type Socket } from "node:net";
import { until } from "@parley/async";
import { afterEach, it } from "vitest";
import { RunningApi, tokenOf } from "../test/running-api.ts";
import { idAt, message, ScriptedTail } from "../test/scripted-tail.ts";

/** An answer of 50 is a little less than what is gathered for one write: it is handed over whole, and ends. */
const MESSAGES = 50;
/** So many are with the server, one being sent and others behind it, when it reads no more of the client's. */
const REQUESTS = 3;
/** So often that a single place lost in each round would leave none. */
const ROUNDS = 3;
const PATIENCE_MS = 40_000;

let server: RunningApi;
let client: Socket | undefined;

afterEach(async () => {
  client?.destroy();
  await server.stop();
});

it("G5: answers that nobody reads give their places back, those that wait behind them too", {
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
  const isFull = async () => (await server.ask("/sync?limit=1")).status === 503;
  const abandoned = () => server.events.filter((event) => event.type === "abandoned" && event.slow).length;
  for (let round = 0; round < ROUNDS; round++) {
    const before = abandoned();
    // What the kernel takes for a client that does not read may be many answers; a client too fast is refused, and cut.
    const abandonsOne = () => {
      if (!client || client.destroyed) client = silent(Number(port), hostname);
      client.write(request);
      return abandoned() > before;
    };
    await until(abandonsOne, "an abandoned answer", PATIENCE_MS);
    await until(async () => !(await isFull()));
  }
});

/** A client that reads nothing of what it is answered. */
function silent(port: number, host: string): Socket {
  return connect(port, host)
    .on("error", () => undefined)
    .pause();
}
