import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { startFullyStored } from "../test/fully-stored.ts";
import { LIMITS, type RunningApi, tokenOf } from "../test/running-api.ts";
import { message } from "../test/scripted-tail.ts";

/** Number of messages whose response is larger than the kernel's buffers between the server and its client. */
const MESSAGES = 20_000;
const CONTENT = "x".repeat(1_100);

let server: RunningApi;
let client: Socket | undefined;

afterEach(async () => {
  client?.destroy();
  await server.stop();
});

it("G5: requests behind an answer that nobody reads hold no place", { timeout: 60_000 }, async () => {
  const limits = { ...LIMITS, requests: 2 };
  const log = Array.from({ length: MESSAGES }, (_, at) => message(at + 1, { content: CONTENT }));
  ({ server } = await startFullyStored(log, { limits }));
  const { hostname, port } = new URL(server.url);
  const authorization = `Bearer ${await tokenOf("alice")}`;
  const request = `GET /messages/bob HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`;
  client = connect(Number(port), hostname);
  client.write(request.repeat(6));
  await once(client, "data");
  client.pause();
  for (let i = 0; i < 20; i++) expect((await server.request("/sync?limit=1")).status).toBe(200);
});
