import { spawnSync } from "node:child_process";
import { startTcpProxy, type TcpProxy } from "@parley/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parleyFor, startProcess } from "../rig/commands.ts";
import { type Standalone, startStandalone } from "../rig/shapes.ts";

const CLI = "apps/cli/dist/main.js";

let house: Standalone;
let proxy: TcpProxy;
let parley: ReturnType<typeof parleyFor>;
/** The same over the proxy. */
let far: { readonly PARLEY_URL: string; readonly PARLEY_HISTORY_URL: string };

beforeAll(async () => {
  house = await startStandalone();
  proxy = await startTcpProxy(Number(new URL(house.app.url).port));
  parley = parleyFor(house);
  far = { PARLEY_URL: proxy.url(house.app.url), PARLEY_HISTORY_URL: proxy.url(house.app.url) };
});
afterAll(async () => {
  await proxy?.close();
  await house?.stop();
});

describe("the command line over faults", () => {
  it.each([["send", "bob", "x"], ["tail"], ["history", "bob"], ["chat", "alice"]])(
    "%s: a server that cannot be reached is exit code 3, said in words",
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

  it("G3, F9: tail comes back from a cut and prints what was sent meanwhile, once and in order", async () => {
    const [alice, bob] = [await parley.as("alice"), await parley.as("bob")];
    const tail = parley.start(["tail", "--json"], { ...bob, ...far });
    await parley.knock(tail, "bob", alice);
    await parley.run(["send", "bob", "first"], alice);
    await tail.says(/"first"/);
    proxy.refuse(true);
    proxy.cut("rst");
    await tail.says(/not connected, trying again in \d+ s/, "err");
    await parley.run(["send", "bob", "--lines"], alice, "second\nthird\n");
    proxy.refuse(false);
    await tail.says(/"third"/);
    await tail.says(/live/, "err");
    tail.signal("SIGINT");
    const { code } = await tail.exited;
    const contents = tail.lines.map((line) => JSON.parse(line).content);
    const counted = contents.filter((content) => content !== "knock");
    expect({ code, counted }).toEqual({ code: 0, counted: ["first", "second", "third"] });
  });

  it("P31: a message typed while there is no connection waits, and leaves when it is back", async () => {
    const chat = parley.start(["chat", "carol"], { ...(await parley.as("carol")), ...far });
    await chat.says(/You are carol/, "err");
    proxy.refuse(true);
    proxy.cut("rst");
    await chat.says(/not connected/, "err");
    chat.type("/to carol\ntyped in the dark\n");
    proxy.refuse(false);
    await chat.says(/carol → carol: typed in the dark/);
    chat.endInput();
    expect(await chat.exited).toMatchObject({ code: 0 });
    const { out } = await parley.run(["history", "carol"], await parley.as("carol"));
    expect(out.trim().split("\n")).toHaveLength(1);
  });

  it("Ctrl-C before a command that has an end was done: 130, and no stack", async () => {
    const send = parley.start(["send", "bob"], await parley.as("alice"));
    send.type("not finished");
    // It says nothing while it waits for the rest, and must have started: others have come and gone meanwhile.
    for (let n = 0; n < 3; n++) await parley.run(["history", "bob"], await parley.as("alice"));
    const held = parley.start(["send", "bob", "x", "--timeout", "5m"], {
      ...(await parley.as("alice")),
      PARLEY_URL: "http://127.0.0.1:1",
    });
    await held.says(/cannot be reached yet/, "err");
    for (const running of [send, held]) running.signal("SIGINT");
    expect(await send.exited).toMatchObject({ code: 130, out: "", err: "" });
    expect((await held.exited).code).toBe(130);
    expect(held.err).not.toMatch(/\n\s+at /);
  });
});

const hasScript = spawnSync("script", ["--version"]).status === 0;
if (!hasScript) process.stderr.write("\n*** SKIPPED: chat on a terminal: there is no command `script`\n\n");

describe.skipIf(!hasScript)("chat on a terminal", () => {
  it("keeps what is being typed below what comes in, and takes no escape sequence from anybody", async () => {
    const env = {
      ...(await parley.as("dave")),
      PARLEY_URL: parley.url,
      TERM: "xterm",
      MAIN: CLI,
      NODE: process.execPath,
    };
    const chat = startProcess("script", ["-qefc", 'exec "$NODE" "$MAIN" chat dave', "/dev/null"], env);
    await chat.says(/public> /);
    chat.type("half a thou");
    await chat.says(/half a thou/);
    await parley.run(["send", "dave", "\x1b[31mhello"], await parley.as("erin"));
    await chat.says(/hello/);
    // The message stands on a line of its own, and the prompt with what was typed comes again below it.
    await chat.says(/\\x1b\[31mhello\r\n[^\n]*public> half a thou/);
    const above = chat.out.slice(0, chat.out.indexOf("\\x1b[31mhello"));
    // What was typed is cleared before the message takes its place.
    expect(above.slice(above.lastIndexOf("\x1b[0J"))).not.toContain("half a thou");
    chat.type("ght\r");
    await chat.says(/dave\S*: half a thought\r\n/);
    chat.type("\x03");
    expect((await chat.exited).code).toBe(0);
    expect(chat.out).not.toContain("\x1b[31mhello");
  });
});
