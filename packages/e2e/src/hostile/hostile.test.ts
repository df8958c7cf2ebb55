import { until } from "@parley/async";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { play } from "./attacker.ts";
import { handshake, PATHS } from "./requests.ts";
import { type Script, type Step, scriptOf } from "./script.ts";
import { startTargets, type Targets } from "./targets.ts";

/** Seed of the random clients. To repeat a run, set FUZZ_SEED to the printed seed. FUZZ_MS sets the duration. */
const SEED = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const FUZZ_MS = Number(process.env.FUZZ_MS ?? 20_000);
/** Number of concurrent connections to each port. */
const CONCURRENT = 8;
const START_TIMEOUT_MS = 120_000;
/** Longer than servers keep an idle connection, because the front reuses its connections to standalone. */
const SOCKETS_END_MS = 110_000;

/** All that a token may permit. The routes behind it are attacked too. */
const SCOPES = ["history:read", "history:all", "messages:send", "moderate", "ops"];

let targets: Targets;
let token: string;
let tokens: readonly string[];

beforeAll(async () => {
  targets = await startTargets();
  token = await targets.token("mallory");
  tokens = [token, await targets.token("mallory", SCOPES)];
}, START_TIMEOUT_MS);
afterAll(() => targets.stop());

const MESSAGE = '{"to":"bob","content":"hello","ref":"r"}';

/** Kinds of requests. Each function returns the text of a request for a path. */
const WAYS: Readonly<Record<string, (path: string) => string>> = {
  "a request": (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  "a request with a body": (path) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"user`,
  "a message": (path) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${MESSAGE.length}\r\n\r\n${MESSAGE}`,
  "an edit": (path) =>
    `PATCH ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${MESSAGE.length}\r\n\r\n${MESSAGE}`,
  "an upgrade": (path) => handshake(path, [`Authorization: Bearer ${token}`]),
  "an upgrade without a token": (path) => handshake(path, []),
  "an upgrade with a body": (path) => handshake(path, ["Content-Length: 9"]),
  "an upgrade to another protocol": (path) => handshake(path, []).replace("websocket", "h2c"),
  "a CONNECT": (path) => `CONNECT ${path} HTTP/1.1\r\nHost: a\r\n\r\n`,
};

/** Stages of a connection at which a client can leave. Each function returns the steps up to that stage. */
const STAGES: Readonly<Record<string, (text: string) => Step[]>> = {
  "after connecting": () => [],
  "in the first line": (text) => [{ send: Buffer.from(text.slice(0, 5)) }, { waitMs: 1 }],
  "in the headers": (text) => [{ send: Buffer.from(text.slice(0, -8)) }, { waitMs: 1 }],
  "with the request": (text) => [{ send: Buffer.from(text) }],
  "while it waits for the answer": (text) => [{ send: Buffer.from(text) }, { waitMs: 1 }],
  "during the answer": (text) => ["stop reading", { send: Buffer.from(text) }, { waitMs: 5 }],
  "after the answer": (text) => [{ send: Buffer.from(text) }, "answer"],
  "in a frame": (text) => [
    { send: Buffer.from(text) },
    "answer",
    { send: Buffer.from([0x81, 0x90, 1, 2, 3]) },
  ],
  "behind an unanswered request": (text) => [{ send: Buffer.from(text + text) }, { waitMs: 1 }],
};

describe("a client that leaves", () => {
  it.each(Object.keys(STAGES))(
    "G5: %s, by reset or in order, ends only its own connection",
    async (stage) => {
      const scripts: Script[] = [];
      for (const way of Object.values(WAYS))
        for (const path of PATHS)
          for (const end of ["rst", "fin"] as const)
            scripts.push({ steps: STAGES[stage]?.(way(path)) ?? [], end });
      await Promise.all(Object.values(targets.urls).map((url) => playAll(scripts, portOf(url))));
      await targets.check();
    },
  );
});

describe("random clients", () => {
  it("G5: leave every server running and serving", { timeout: FUZZ_MS + 60_000 }, async () => {
    process.stdout.write(`FUZZ_SEED=${SEED} repeats this run\n`);
    const deadline = performance.now() + FUZZ_MS;
    let played = 0;
    await Promise.all(
      Object.values(targets.urls).map((url) =>
        concurrently(async () => {
          while (performance.now() < deadline) await play(scriptOf(SEED, played++, tokens), portOf(url));
        }),
      ),
    );
    process.stdout.write(`${played} connections\n`);
    expect(played, "connections").toBeGreaterThan(FUZZ_MS / 100);
    await targets.check();
  });

  it("G5: leave no socket behind", { timeout: 240_000 }, async () => {
    const admins = Object.entries(targets.urls).filter(([name]) => name.startsWith("admin"));
    for (const [name, url] of admins)
      await until(
        async () => (await socketsOf(url)) === 0,
        `the end of all sockets: ${name}`,
        SOCKETS_END_MS,
      );
  });
});

/**
 * Returns the number of open sockets on the public port of a process. 0 for a persister, which has no public port.
 */
async function socketsOf(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^parley_http_sockets\{[^}]*server="public"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function playAll(scripts: readonly Script[], port: number): Promise<void> {
  const left = [...scripts];
  await concurrently(async () => {
    for (let script = left.pop(); script; script = left.pop()) await play(script, port);
  });
}

async function concurrently(work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: CONCURRENT }, work));
}
