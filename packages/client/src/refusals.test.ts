import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect, type ParleyClient } from "./client.ts";
import { Refusals } from "./connection/refusals.ts";
import { ParleyError } from "./errors.ts";
import type { ConnectOptions } from "./options.ts";
import type { State } from "./state.ts";

afterEach(() => void vi.useRealTimers());

/** Starts a server that answers every request without upgrading it. Returns its WebSocket address. */
async function serverThat(answer: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
}

function refuse(res: ServerResponse, status: number, code: string): void {
  const body = JSON.stringify({ code, detail: "The reason." });
  res.writeHead(status, { "content-type": "application/problem+json" }).end(body);
}

function open(url: string, options: Partial<ConnectOptions> = {}): { client: ParleyClient; states: State[] } {
  const backoff = { baseMs: 1, maxMs: 20 };
  const client = connect({ url, token: () => "a.b.c", backoff, ...options });
  const states: State[] = [];
  client.state.subscribe((state) => states.push(state));
  onTestFinished(() => client.close());
  return { client, states };
}

const offline = (states: readonly State[]) => states.filter(({ phase }) => phase === "offline");

describe("a refusal by the server", () => {
  it.each([
    [401, "token_expired"],
    [401, "unauthorized"],
    [403, "origin_not_allowed"],
    [404, "not_found"],
  ])(
    "P3: ends the client when it is repeated after a pause, to a fresh token: %i %s",
    async (status, code) => {
      const tokens: string[] = [];
      const url = await serverThat((req, res) => {
        tokens.push(req.headers.authorization ?? "");
        refuse(res, status, code);
      });
      const issued = Array.from({ length: 20 }, (_, n) => `a.b.${n}`);
      const { client, states } = open(url, { token: () => issued.pop() ?? "" });
      await expect.poll(() => client.state.current).toMatchObject({ phase: "closed", error: { code } });
      expect(offline(states)).toMatchObject([{ error: { code, temporary: false } }]);
      expect(new Set(tokens.filter((token) => token !== "")).size).toBeGreaterThan(1);
    },
  );

  it("is final only after the pause, however often the application reconnects during it", () => {
    vi.useFakeTimers();
    const refusals = new Refusals({ backoff: { baseMs: 1, maxMs: 15_000 } });
    const error = new ParleyError("token_expired", "");
    for (let n = 0; n < 10; n += 1) expect(refusals.isFinal(error)).toBe(false);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(refusals.isFinal(error)).toBe(false);
    vi.advanceTimersByTime(15_000);
    expect(refusals.isFinal(new ParleyError("unavailable", "", { temporary: true }))).toBe(false);
    refusals.reset();
    expect(refusals.isFinal(error)).toBe(false);
    vi.advanceTimersByTime(15_000);
    expect(refusals.isFinal(error)).toBe(true);
  });

  it("is the cause of the sends that it ends, and of later calls", async () => {
    const { client } = open(await serverThat((_req, res) => refuse(res, 403, "origin_not_allowed")));
    const cause = { code: "origin_not_allowed", message: "The reason." };
    const expected = { code: "closed", cause, message: expect.stringContaining("The reason.") };
    await expect(client.send("bob", "x")).rejects.toMatchObject(expected);
    await expect(client.send("bob", "y")).rejects.toMatchObject(expected);
    await expect(client.history("bob")).rejects.toMatchObject(expected);
  });
});

describe("a response that isn't Parley's", () => {
  const page = (res: ServerResponse, status: number) =>
    res.writeHead(status, { "content-type": "text/html" }).end("<html>");

  it.each<[string, (res: ServerResponse) => void]>([
    ["a proxy's 401", (res) => page(res, 401)],
    ["a proxy's 403", (res) => page(res, 403)],
    ["a proxy's 404", (res) => page(res, 404)],
    ["JSON of something else", (res) => res.writeHead(403, { "content-type": "application/json" }).end("{}")],
    ["a problem without a code", (res) => refuse(res, 403, undefined as unknown as string)],
    ["another server's page", (res) => page(res, 200)],
  ])("is temporary, and the state has its reason: %s", async (_what, answer) => {
    const url = await serverThat((_req, res) => answer(res));
    const { client, states } = open(url);
    await expect.poll(() => offline(states).length).toBeGreaterThan(8);
    expect(client.state.current.phase).not.toBe("closed");
    expect(offline(states)[0]).toMatchObject({
      error: { code: "unreachable", temporary: true, message: expect.stringContaining("127.0.0.1") },
    });
    await expect(client.history("bob")).rejects.toMatchObject({ code: "unreachable", temporary: true });
  });
});
