import { createServer, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { closeServer, listen } from "./listen.ts";
import { answerCors, createOriginPolicy, LOOPBACK_ORIGINS } from "./origins.ts";
import { sendProblem } from "./problem.ts";

describe("origins", () => {
  const own = createOriginPolicy({ allowed: undefined });
  const listed = createOriginPolicy({ allowed: ["https://chat.example.com", "http://localhost:3000"] });
  const any = createOriginPolicy({ allowed: ["*"] });
  const loopback = createOriginPolicy({ allowed: LOOPBACK_ORIGINS });

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
    ["the same, beside a list", listed, "https://own.example", "own.example", true],
    ["another host than the listed ones", listed, "https://evil.example", "own.example", false],
    ["loopback, any port", loopback, "http://localhost:5173", "localhost:8080", true],
    ["loopback, no port", loopback, "http://127.0.0.1", "localhost:8080", true],
    ["loopback, IPv6 and https", loopback, "https://[::1]:3000", "localhost:8080", true],
    ["another host beside loopback", loopback, "https://evil.example", "localhost:8080", false],
    ["a name that begins like loopback", loopback, "http://localhost.evil.example", "localhost:8080", false],
    ["a port that isn't listed", listed, "http://localhost:3001", "other", false],
    ["not from a page, with a list", listed, undefined, "other", true],
    ["any", any, "https://evil.example", "other", true],
    ["a sandboxed page if any is allowed", any, "null", "other", true],
  ])("P3: %s", (_what, policy, origin, host, permitted) => {
    expect(policy.permits(origin, host)).toBe(permitted);
  });

  const requestFrom = (origin: string) => ({ headers: { origin, host: "a" } }) as IncomingMessage;

  it("P3: the refusal names the origin, if it is one", () => {
    const code = "origin_not_allowed";
    const named = expect.stringContaining("https://evil.example aren't allowed");
    expect(() => own.assertPermitted(requestFrom("https://EVIL.example"))).toThrowError(
      expect.objectContaining({ code, message: named }),
    );
    const other = expect.not.stringContaining("rubbish");
    expect(() => own.assertPermitted(requestFrom("https://a/rubbish"))).toThrowError(
      expect.objectContaining({ code, message: other }),
    );
    listed.assertPermitted(requestFrom("https://chat.example.com"));
  });

  it("G5: each refused origin is reported once, and only the first hundred", () => {
    const refused: string[] = [];
    const policy = createOriginPolicy({ allowed: [], onRefused: (origin) => refused.push(origin) });
    for (let n = 0; n < 400; n += 1) {
      const request = requestFrom(`https://page${Math.floor(n / 2)}.example`);
      expect(() => policy.assertPermitted(request)).toThrow();
    }
    expect(refused).toEqual(Array.from({ length: 100 }, (_, n) => `https://page${n}.example`));
  });
});

describe("CORS over HTTP", () => {
  const server = createServer((req, res) => {
    const policy = createOriginPolicy({ allowed: ["https://chat.example.com"] });
    if (answerCors(policy, req, res, "GET")) return;
    if (req.url === "/refused") sendProblem(res, "origin_not_allowed");
    else res.end("the answer");
  });
  afterEach(() => closeServer(server, 100));

  async function ask(method: string, headers: Record<string, string>, path = "/") {
    const { url } = server.listening ? { url: "" } : await listen(server, { port: 0, host: "127.0.0.1" });
    return fetch(url + path, { method, headers });
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

  it("P3: another page may send the request and read its refusal", async () => {
    const origin = "https://evil.example";
    const preflight = await ask("OPTIONS", { origin, "access-control-request-method": "GET" });
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
  });

  it("P3: another page may read an error", async () => {
    const origin = "https://evil.example";
    const refusal = await ask("GET", { origin }, "/refused");
    expect(refusal.headers.get("access-control-allow-origin")).toBe(origin);
    expect(refusal.headers.get("vary")).toBe("Origin");
  });

  it("P3: another page can't read any other answer, and Vary tells caches that it depends on Origin", async () => {
    const answer = await ask("GET", { origin: "https://evil.example" });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(answer.headers.get("vary")).toBe("Origin");
  });

  it("leaves an OPTIONS request that isn't a preflight to the routes", async () => {
    const answer = await ask("OPTIONS", { origin: "https://chat.example.com" });
    expect(await answer.text()).toBe("the answer");
  });
});
