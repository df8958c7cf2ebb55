import { spawnSync } from "node:child_process";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parleyFor, startProcess } from "../rig/commands.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

const CLI = "apps/cli/dist/main.js";

let deployment: Standalone;
let proxy: TcpProxy;
let parley: ReturnType<typeof parleyFor>;
/** The server's addresses through the proxy. */
let proxied: { readonly PARLEY_URL: string; readonly PARLEY_HISTORY_URL: string };

beforeAll(async () => {
  deployment = await startStandalone();
  proxy = await startTcpProxy(Number(new URL(deployment.app.url).port));
  parley = parleyFor(deployment);
  proxied = { PARLEY_URL: proxy.url(deployment.app.url), PARLEY_HISTORY_URL: proxy.url(deployment.app.url) };
});
afterAll(async () => {
  await proxy?.close();
  await deployment?.stop();
});

describe("the command line over faults", () => {
  it.each([["send", "bob", "x"], ["tail"], ["history", "bob"], ["chat", "alice"]])(
    "%s: an unreachable server ends with exit code 3 and a message without a stack",
    async (...args) => {
      const env = { PARLEY_URL: "http://127.0.0.1:1", PARLEY_HISTORY_URL: "http://127.0.0.1:1" };
      const outcome = await parley.run([...args, "--timeout", "1s"], {
        ...env,
        ...(await parley.as("alice")),
      });
      expect(outcome).toMatchObject({ code: 3, out: "" });
      expect(outcome.err).toContain("cannot be reached");
      expect(outcome.err).not.toMatch(/\n\s+at /);
    },
  );

  it("G3, F9: after a lost connection tail prints the missed messages, once and in order", async () => {
    const [alice, bob] = [await parley.as("alice"), await parley.as("bob")];
    const tail = parley.start(["tail", "--json"], { ...bob, ...proxied });
    await parley.untilLive(tail, "bob", alice);
    await parley.run(["send", "bob", "first"], alice);
    await tail.printed(/"first"/);
    proxy.refuse(true);
    proxy.cut("rst");
    await tail.printed(/not connected, trying again in \d+ s/, "err");
    await parley.run(["send", "bob", "--lines"], alice, "second\nthird\n");
    proxy.refuse(false);
    await tail.printed(/"third"/);
    await tail.printed(/live/, "err");
    tail.signal("SIGINT");
    const { code } = await tail.exited;
    const contents = tail.lines.map((line) => JSON.parse(line).content);
    const received = contents.filter((content) => content !== "probe");
    expect({ code, received }).toEqual({ code: 0, received: ["first", "second", "third"] });
  });

  it("P31: a message typed while offline is sent after the reconnect", async () => {
    const chat = parley.start(["chat", "carol"], { ...(await parley.as("carol")), ...proxied });
    await chat.printed(/You are carol/, "err");
    proxy.refuse(true);
    proxy.cut("rst");
    await chat.printed(/not connected/, "err");
    chat.type("/to carol\ntyped in the dark\n");
    proxy.refuse(false);
    await chat.printed(/carol → carol: typed in the dark/);
    chat.endInput();
    expect(await chat.exited).toMatchObject({ code: 0 });
    const { out } = await parley.run(["history", "carol"], await parley.as("carol"));
    expect(out.trim().split("\n")).toHaveLength(1);
  });

  it("Ctrl-C before a command has finished ends with exit code 130 and without a stack", async () => {
    const send = parley.start(["send", "bob"], await parley.as("alice"));
    send.type("not finished");
    // `send` prints nothing while it waits for input. Running three other commands gives it the time to start.
    for (let n = 0; n < 3; n++) await parley.run(["history", "bob"], await parley.as("alice"));
    const held = parley.start(["send", "bob", "x", "--timeout", "5m"], {
      ...(await parley.as("alice")),
      PARLEY_URL: "http://127.0.0.1:1",
    });
    await held.printed(/cannot be reached yet/, "err");
    for (const running of [send, held]) running.signal("SIGINT");
    expect(await send.exited).toMatchObject({ code: 130, out: "", err: "" });
    expect((await held.exited).code).toBe(130);
    expect(held.err).not.toMatch(/\n\s+at /);
  });
});

const hasScript = spawnSync("script", ["--version"]).status === 0;
if (!hasScript)
  process.stderr.write("\n*** SKIPPED: chat on a terminal: the command `script` is missing\n\n");

describe.skipIf(!hasScript)("chat on a terminal", () => {
  it("shows incoming messages above the typed text, and prints no escape sequence of a message", async () => {
    const env = {
      ...(await parley.as("dave")),
      PARLEY_URL: parley.url,
      TERM: "xterm",
      MAIN: CLI,
      NODE: process.execPath,
    };
    const chat = startProcess("script", ["-qefc", 'exec "$NODE" "$MAIN" chat dave', "/dev/null"], env);
    await chat.printed(/public> /);
    chat.type("half a thou");
    await chat.printed(/half a thou/);
    await parley.run(["send", "dave", "\x1b[31mhello"], await parley.as("erin"));
    await chat.printed(/hello/);
    // The message has its own line. The prompt with the typed text is drawn again below it.
    await chat.printed(/\\x1b\[31mhello\r\n[^\n]*public> half a thou/);
    const above = chat.out.slice(0, chat.out.indexOf("\\x1b[31mhello"));
    // The typed text is cleared before the message is printed in its place.
    expect(above.slice(above.lastIndexOf("\x1b[0J"))).not.toContain("half a thou");
    chat.type("ght\r");
    await chat.printed(/dave\S*: half a thought\r\n/);
    chat.type("\x03");
    expect((await chat.exited).code).toBe(0);
    expect(chat.out).not.toContain("\x1b[31mhello");
  });
});
