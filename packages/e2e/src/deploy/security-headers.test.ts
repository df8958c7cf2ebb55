import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueToken } from "@parley/auth";
import { type App, startApp } from "@parley/local";
import { ROUTES } from "@parley/service";
import { afterAll, beforeAll, expect, it } from "vitest";

const SECRET = "a-secret-for-tests-only-long-enough-for-HS256";

let app: App;
let token: string;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "parley-headers-"));
  const env = { DATA_DIR: dir, JWT_SECRET: SECRET, ALLOWED_ORIGINS: "https://chat.example" };
  app = await startApp("standalone", { env });
  token = (await issueToken({ user: "alice", secret: SECRET })).token;
});
afterAll(async () => {
  await app.stop();
  rmSync(dir, { recursive: true });
});

const PATHS = [
  ...ROUTES.map(({ path }) => path),
  "/",
  "/messages/bob",
  "/messages/%ff",
  "/assets/x.js",
  "/nothing",
];
const ADMIN_PATHS = ["/healthz", "/readyz", "/metrics", "/nothing", "/%"];

function expectHeaders({ headers }: Response, what: string): void {
  const values = ["x-content-type-options", "referrer-policy"].map((name) => headers.get(name));
  expect(values, what).toEqual(["nosniff", "no-referrer"]);
}

it("every response for clients says that its type isn't to be guessed and its address not to be passed on", async () => {
  const html = { accept: "text/html" };
  const withToken = { authorization: `Bearer ${token}` };
  const preflight = { origin: "https://chat.example", "access-control-request-method": "GET" };
  for (const path of PATHS) {
    for (const headers of [{}, html, withToken])
      expectHeaders(await fetch(app.url + path, { headers }), path);
    for (const method of ["POST", "DELETE", "HEAD"])
      expectHeaders(await fetch(app.url + path, { method }), path);
    expectHeaders(
      await fetch(app.url + path, { method: "OPTIONS", headers: preflight }),
      `preflight of ${path}`,
    );
  }
});

it("so does every response on the admin port", async () => {
  for (const path of ADMIN_PATHS) expectHeaders(await fetch(app.adminUrl + path), path);
});

it("so does a refused upgrade", async () => {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  socket.write(
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  const [answer] = await once(socket, "data");
  socket.destroy();
  expect(String(answer)).toMatch(
    /^HTTP\/1\.1 401 [\s\S]*x-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n/,
  );
});
