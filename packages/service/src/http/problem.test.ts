import { createServer, type ServerResponse } from "node:http";
import { ChatError, ERRORS, type ErrorCode } from "@parley/models";
import { afterEach, describe, expect, it } from "vitest";
import { closeServer, listen } from "./listen.ts";
import { sendProblem } from "./problem.ts";

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

async function ask(answer: (res: ServerResponse) => void, init: RequestInit = {}): Promise<Response> {
  const server = createServer((_req, res) => answer(res));
  close = () => closeServer(server, 100);
  const { url } = await listen(server, { port: 0, host: "127.0.0.1" });
  return fetch(url, init);
}

describe("problem responses", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])("P55: %s has its status, code and text", async (code) => {
    const answer = await ask((res) => sendProblem(res, code, { instance: "/messages/bob", requestId: "r1" }));
    expect(answer.status).toBe(ERRORS[code].status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await answer.json()).toEqual({
      type: "about:blank",
      title: expect.stringMatching(/^[A-Z]/),
      status: ERRORS[code].status,
      code,
      detail: ERRORS[code].message,
      instance: "/messages/bob",
      requestId: "r1",
    });
  });

  it("P55: Retry-After is in seconds, rounded up, for a temporary error", async () => {
    const error = new ChatError("unavailable", { retryAfterMs: 1_200, message: "The store is away." });
    const answer = await ask((res) => sendProblem(res, error));
    expect(answer.headers.get("retry-after")).toBe("2");
    expect(await answer.json()).toMatchObject({
      status: 503,
      retryAfterMs: 1_200,
      detail: "The store is away.",
    });
  });

  it("P55: a permanent error has no Retry-After", async () => {
    const answer = await ask((res) => sendProblem(res, new ChatError("forbidden", { retryAfterMs: 1_000 })));
    expect(answer.headers.get("retry-after")).toBeNull();
    expect(await answer.json()).not.toHaveProperty("retryAfterMs");
  });

  it.each<[ErrorCode, string | null]>([
    ["token_missing", "Bearer"],
    ["token_expired", 'Bearer error="invalid_token"'],
    ["unauthorized", 'Bearer error="invalid_token"'],
    ["forbidden", null],
  ])("P3: %s has the standard WWW-Authenticate header", async (code, challenge) => {
    const answer = await ask((res) => sendProblem(res, code));
    expect(answer.headers.get("www-authenticate")).toBe(challenge);
  });

  it("P55: additional headers are sent, and a HEAD request gets no body", async () => {
    const answer = await ask((res) => sendProblem(res, "method_not_allowed", { headers: { allow: "GET" } }), {
      method: "HEAD",
    });
    expect([answer.status, answer.headers.get("allow"), await answer.text()]).toEqual([405, "GET", ""]);
  });

  it("P50: a response that has begun is cut off, never ended as if it were complete", async () => {
    const answer = await ask((res) => {
      res.writeHead(200, { "content-type": "application/json" });
      res.write("[1,", () => sendProblem(res, "unavailable"));
    });
    await expect(answer.text()).rejects.toThrow();
  });
});
