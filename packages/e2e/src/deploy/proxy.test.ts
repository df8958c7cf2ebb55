import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { hasNginx, PROXY_ENV, START, startProxy } from "./proxy-rig.ts";

if (!hasNginx) console.warn("The tests of deploy/proxy are skipped: this machine has no nginx.");

const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
const SECURITY = ["x-content-type-options", "referrer-policy"];

function open(url: string, headers: Record<string, string> = {}, path = "/ws"): WebSocket {
  const socket = new WebSocket(url.replace("http", "ws") + path, ["chat.v1", `bearer.${TOKEN}`], { headers });
  onTestFinished(() => socket.terminate());
  return socket;
}

/** Resolves with 101, or with the HTTP status if the upgrade is refused. */
async function statusOf(socket: WebSocket): Promise<number | undefined> {
  socket.on("error", () => undefined);
  return Promise.race([
    once(socket, "open").then(() => 101),
    once(socket, "unexpected-response").then(([, response]) => response.statusCode as number),
  ]);
}

/** Sends raw text and resolves with all that came back once the proxy has closed the connection. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(text);
  let answer = "";
  socket.on("data", (data) => {
    answer += String(data);
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}

describe.runIf(hasNginx)("the proxy, with this machine's nginx", () => {
  it("passes on requests, WebSockets and the client's address", async () => {
    const { url, requests } = await startProxy();
    const headers = { "x-forwarded-for": "203.0.113.7" };
    expect(await (await fetch(`${url}/messages?limit=1`, { headers })).text()).toBe("from the app");
    expect(requests.at(-1)).toMatchObject({
      url: "/messages?limit=1",
      headers: { "x-forwarded-for": "127.0.0.1" },
    });
    const socket = open(url);
    expect(await statusOf(socket)).toBe(101);
    socket.send("hello");
    const [data] = await once(socket, "message");
    expect([String(data), socket.protocol]).toEqual(["hello", "chat.v1"]);
  });

  it("passes on no upgrade except to WebSocket", async () => {
    const { port, requests } = await startProxy();
    await exchange(port, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n");
    expect(requests.at(-1)?.url).toBe("/ws");
    expect(requests.at(-1)?.headers.upgrade).toBeUndefined();
  });

  it("logs neither queries nor headers nor tokens, also if requests fail", async () => {
    for (const withoutApps of [false, true]) {
      const { url, child, port } = await startProxy({ withoutApps });
      const headers = { authorization: `Bearer ${TOKEN}`, referer: `http://x/${TOKEN}`, "user-agent": TOKEN };
      for (const path of ["/messages?token=hunter2", `/messages/${TOKEN}`, `/x?${TOKEN}`])
        await fetch(url + path, { headers });
      const socket = open(url, {}, `/ws?access_token=${TOKEN}`);
      await statusOf(socket);
      socket.terminate();
      await exchange(port, `GET /?hunter2 HTTP/1.1\r\nBad header ${TOKEN}\r\n\r\n`);
      await exchange(port, `GET /${"x".repeat(30_000)}hunter2 HTTP/1.1\r\n\r\n`);
      await child.printed(/"path":"\/messages"/, 10_000);
      await child.stop();
      expect(child.output()).toContain('"path":"[redacted]"');
      expect(child.output()).not.toMatch(/eyJ|hunter2/);
    }
  });

  it("logs one JSON line for each request, whatever its path", async () => {
    const { url, child } = await startProxy();
    const long = `/${"x".repeat(3_000)}`;
    const unsafe = ["/%c2%9b31m", "/%e2%80%ae", "/%d8%9c", "/%ff", "/%e2%82", "/%ed%a0%80"];
    const cut = `/${"x".repeat(510)}%e2%82%ac`;
    for (const path of ["/%22%0a%7b%22a%22", "/%e2%82%ac", long, ...unsafe, cut]) await fetch(url + path);
    const paths = () =>
      child
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line).path as string);
    // nginx writes a line after the answer, and none while it stops. The rig has asked for "/".
    await until(() => paths().filter((path) => path !== "/").length === 10, "a line for each request");
    expect(paths()).toEqual(expect.arrayContaining(['/"\n{"a"', "/€"]));
    expect(Math.max(...paths().map((path) => path.length))).toBeLessThan(520);
    expect(child.output()).not.toMatch(/[\u0080-\u009f\p{Bidi_Control}\ufffd]/u);
    await child.stop();
  });

  it("sets the security headers on what it answers itself, and leaves those of the apps as they are", async () => {
    const { url, port } = await startProxy();
    const bare = await startProxy({ withoutApps: true });
    const answers = await Promise.all([
      fetch(`${url}/set`),
      fetch(`${url}/unset`),
      fetch(`${bare.url}/messages`),
      fetch(url, { method: "POST", body: "x".repeat(70_000) }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 502, 413]);
    for (const { headers } of answers)
      expect(SECURITY.map((name) => headers.get(name))).toEqual(["nosniff", "no-referrer"]);
    const refused = await exchange(port, "GET / HTTP/1.1\r\nno header\r\n\r\n");
    expect(refused.toLowerCase()).toMatch(/^http\/1\.1 400 [\s\S]*x-content-type-options: nosniff/);
    expect(refused).not.toMatch(/nginx\/\d/);
  });

  it("P62: passes on a message of 64 KiB, and refuses a larger body with the code of the apps", async () => {
    const { url, requests } = await startProxy();
    const send = (bytes: number) => fetch(`${url}/send`, { method: "POST", body: "x".repeat(bytes) });
    expect((await send(65_536)).status).toBe(200);
    expect(requests.at(-1)?.url).toBe("/send");
    const refused = await send(65_537);
    expect([refused.status, refused.headers.get("content-type")]).toEqual([413, "application/problem+json"]);
    expect(await refused.json()).toMatchObject({ status: 413, code: "payload_too_large" });
    expect(requests.filter((request) => request.url === "/send")).toHaveLength(1);
  });

  it("limits the requests of one address, and answers those above with 429", async () => {
    const { url } = await startProxy({ env: { PROXY_REQUESTS_PER_SECOND: "5" } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => fetch(url)));
    const refused = answers.filter(({ status }) => status === 429);
    // A burst of 10 requests passes. On a slow machine the test takes longer, so a few more pass at 5 a second.
    expect(refused.length).toBeGreaterThan(5);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(10);
    const [first] = refused;
    expect(first?.headers.get("content-type")).toBe("application/problem+json");
    expect([...SECURITY, "retry-after"].map((name) => first?.headers.get(name))).toEqual([
      "nosniff",
      "no-referrer",
      "1",
    ]);
    expect(await first?.json()).toMatchObject({ status: 429, code: "too_many_connections" });
  });

  it("counts the clients of a trusted proxy one by one, and those of an IPv6 network together", async () => {
    const env = { PROXY_TRUSTED: "127.0.0.0/8, 10.0.0.0/8", PROXY_CONNECTIONS: "1" };
    const { url, requests } = await startProxy({ env });
    const from = (address: string) => statusOf(open(url, { "x-forwarded-for": address }));
    expect(await from("203.0.113.7")).toBe(101);
    expect(requests.at(-1)?.headers["x-forwarded-for"]).toBe("203.0.113.7");
    expect(await from("203.0.113.7")).toBe(429);
    expect(await from("198.51.100.1, 203.0.113.8, 10.1.2.3")).toBe(101);
    expect(await from("203.0.113.8")).toBe(429);
    expect(await from("2001:db8:0:1:1::1")).toBe(101);
    expect(await from("2001:db8:0:1:ffff::2")).toBe(429);
    expect(await from("2001:db8:0:2:1::1")).toBe(101);
    expect(await from("2001:db9::1")).toBe(101);
    expect(await from("2001:db9::2")).toBe(429);
  });

  it("lets ordinary use pass: by default a thousand connections of one address", async () => {
    const { url } = await startProxy({ env: { PROXY_REQUESTS_PER_SECOND: "" } });
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => fetch(url)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });

  it("disconnects a client that doesn't finish its request", async () => {
    const { port } = await startProxy();
    const start = performance.now();
    await Promise.all([
      exchange(port, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "),
      exchange(port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx"),
    ]);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it("asks the first DNS server of the machine, because nginx would ask several in turn", async () => {
    const { dir } = await startProxy();
    const [, first = ""] = /^nameserver\s+([^\s%]+)/m.exec(readFileSync("/etc/resolv.conf", "utf8")) ?? [];
    const [, resolver] =
      /^ *resolver (\S+) +valid=5s/m.exec(readFileSync(join(dir, "nginx.conf"), "utf8")) ?? [];
    expect(resolver).toBe(first.includes(":") ? `[${first}]` : first);
  });

  it("starts where the host allows few open files, and says what that means", async () => {
    const { url, child } = await startProxy({ before: "ulimit -n 256" });
    expect((await fetch(url)).status).toBe(200);
    expect(child.output()).toContain("up to 240 connections each (limit of open files: 256)");
    expect(child.output()).not.toMatch(/\[(warn|alert|emerg)\]/);
  });
});

describe("the proxy's settings", () => {
  it.each([
    ["PROXY_TRUSTED", "10.0.0.0/8; return 200 x"],
    ["PROXY_TRUSTED", "$host"],
    ["PROXY_CONNECTIONS", "0"],
    ["PROXY_REQUESTS_PER_SECOND", "many"],
    ["PROXY_GATEWAY", "gateway:8080/; }"],
    ["NGINX_LOCAL_RESOLVERS", "10.0.0.2;"],
    ["PROXY_DIR", "/tmp; x"],
  ])("%s is refused as %s, before nginx starts", (name, value) => {
    const dir = mkdtempSync(join(tmpdir(), "parley-proxy-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const env = { ...PROXY_ENV, PROXY_DIR: dir, [name]: value };
    const { status, stderr } = spawnSync("sh", [START], { env, encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^proxy: ${name} [^\\n]*\\n$`))]);
  });
});
