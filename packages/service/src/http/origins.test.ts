import { createServer } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { closeServer, listen } from "./listen.ts";
import { answerCors, createOriginPolicy } from "./origins.ts";

describe("origins", () => {
  const own = createOriginPolicy({ allowed: undefined });
  const listed = createOriginPolicy({ allowed: ["https://chat.example.com", "http://localhost:3000"] });
  const any = createOriginPolicy({ allowed: ["*"] });

  it.each<[string, typeof own, string | undefined, string | undefined, boolean]>([
    ["not from a page", own, undefined, "chat.example.com", true],
    ["the same", own, "https://chat.example.com", "chat.example.com", true],
    ["the same, with an explicit port", own, "https://chat.example.com", "chat.example.com:443", true],
    ["the same, in capitals", own, "https://CHAT.example.com", "chat.Example.com", true],
    ["another host", own, "https://evil.example", "chat.example.com", false],
    ["another port", own, "http://localhost:3000", "localhost:8080", false],
    ["a host with the same prefix", own, "https://chat.example.com.evil.example", "chat.example.com", false],
    ["no host", own, "https://chat.example.com", undefined, false],
    ["a sandboxed page", own, "null", "null", false],
    ["rubbish", own, "https://", "chat.example.com", false],
    ["listed", listed, "https://chat.example.com", "other", true],
    ["listed with another scheme", listed, "http://chat.example.com", "other", false],
    ["the same but not listed", listed, "https://own.example", "own.example", false],
    ["not from a page, with a list", listed, undefined, "other", true],
    ["any", any, "https://evil.example", "other", true],
    ["a sandboxed page if any is allowed", any, "null", "other", true],
  ])("P3: %s", (_what, policy, origin, host, permitted) => {
    expect(policy.permits(origin, host)).toBe(permitted);
    const allowed = policy.corsHeaders(origin, host)["access-control-allow-origin"];
    expect(allowed).toBe(permitted ? origin : undefined);
  });
});

describe("CORS over HTTP", () => {
  const server = createServer((req, res) => {
    const policy = createOriginPolicy({ allowed: ["https://chat.example.com"] });
    if (!answerCors(policy, req, res, "GET")) res.end("the answer");
  });
  afterEach(() => closeServer(server, 100));

  async function ask(method: string, headers: Record<string, string>) {
    const { url } = server.listening ? { url: "" } : await listen(server, { port: 0, host: "127.0.0.1" });
    return fetch(url, { method, headers });
  }

  it("P3: a permitted page may read the answer, Link and Retry-After", async () => {
    const answer = await ask("GET", { origin: "https://chat.example.com" });
    expect(await answer.text()).toBe("the answer");
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://chat.example.com");
    expect(answer.headers.get("access-control-expose-headers")).toBe("Link, Retry-After");
    expect(answer.headers.get("vary")).toBe("Origin");
  });

  it("P3: a preflight is answered, with the token's header allowed", async () => {
    const answer = await ask("OPTIONS", {
      origin: "https://chat.example.com",
      "access-control-request-method": "GET",
      "access-control-request-headers": "authorization",
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-methods")).toBe("GET");
    expect(answer.headers.get("access-control-allow-headers")).toContain("Authorization");
  });

  it("P3: another page gets no permission, but Vary tells caches that the response depends on Origin", async () => {
    const answer = await ask("OPTIONS", {
      origin: "https://evil.example",
      "access-control-request-method": "GET",
    });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(answer.headers.get("vary")).toBe("Origin");
  });

  it("leaves an OPTIONS request that isn't a preflight to the routes", async () => {
    const answer = await ask("OPTIONS", { origin: "https://chat.example.com" });
    expect(await answer.text()).toBe("the answer");
  });
});
