import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@parley/async";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parleyFor } from "../rig/commands.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

const ID = /^\d{13}-\d{10}-\d{2}$/;
const ENV = { RATE_LIMIT: "0", AUTH_DEV_TOKENS: "true" };

const contents = (json: string) =>
  json
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).content);

/**
 * Defines tests that run every command as a process. Deployments of either shape (split, standalone) must pass them.
 * `many` is the number of messages in a long conversation.
 */
function everyCommand(many: number, isSplit: boolean, start: () => Promise<Deployment>) {
  let deployment: Deployment;
  let parley: ReturnType<typeof parleyFor>;
  let dir: string;

  beforeAll(async () => {
    deployment = await start();
    parley = parleyFor(deployment);
    dir = await mkdtemp(join(tmpdir(), "parley-cli-"));
  });
  afterAll(async () => {
    await deployment?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("send prints only the id; history shows the message to both users", async () => {
    const sent = await parley.run(["send", "bob", "Hello,", "Bob"], await parley.as("alice"));
    expect(sent).toMatchObject({ code: 0, err: "" });
    expect(sent.out.trim()).toMatch(ID);
    const aliceHistory = await parley.run(["history", "bob", "--json"], await parley.as("alice"));
    expect(JSON.parse(aliceHistory.out)).toMatchObject({
      id: sent.out.trim(),
      from: "alice",
      to: "bob",
      content: "Hello, Bob",
    });
    const bobHistory = await parley.run(["history", "alice"], await parley.as("bob"));
    expect(bobHistory).toMatchObject({ code: 0, err: "" });
    expect(bobHistory.out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d alice → bob: Hello, Bob\n$/);
  });

  it("send reads one message from standard input, or one from each line in order", async () => {
    const carol = await parley.as("carol");
    const one = await parley.run(["send", "dave", "-"], carol, "two\nlines\n");
    expect(one.out.trim()).toMatch(ID);
    const lines = Array.from({ length: many }, (_, n) => `line ${n}`);
    const sent = await parley.run(["send", "dave", "--lines", "--json"], carol, `${lines.join("\n\n")}\n`);
    expect(sent).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(sent.out.split("\n")[0] ?? "")).toMatchObject({
      id: expect.stringMatching(ID),
      to: "dave",
    });
    const all = await parley.run(["history", "dave", "--json"], carol);
    expect(contents(all.out)).toEqual(["two\nlines", ...lines]);
    const newest = await parley.run(["history", "dave", "--json", "--limit", String(many - 300)], carol);
    expect(contents(newest.out)).toEqual(lines.slice(300));
    const [first = ""] = newest.out.split("\n");
    const before = ["history", "dave", "--json", "--limit", "2", "--before", JSON.parse(first).id];
    expect(contents((await parley.run(before, carol)).out)).toEqual(["line 298", "line 299"]);
  });

  it("P64: history prints the messages between two times", async () => {
    const carol = await parley.as("carol");
    const run = (...args: string[]) => parley.run(["history", "dave", "--json", ...args], carol);
    const { out } = await run();
    const all = out
      .trim()
      .split("\n")
      .map((line): { id: string; timestamp: string } => JSON.parse(line));
    const [since = "", until = ""] = [0.25, 0.75].map(
      (part) => all[Math.floor(part * all.length)]?.timestamp,
    );
    const between = all.filter(({ timestamp }) => timestamp >= since && timestamp < until);
    expect(between.length).toBeGreaterThan(0);
    const linesOf = (messages: readonly object[]) => messages.map((message) => JSON.stringify(message));
    const printed = async (...args: string[]) => (await run(...args)).out.trim().split("\n");
    expect(await printed("--since", since, "--until", until)).toEqual(linesOf(between));
    const newest = await printed("--since", since, "--until", until, "--limit", "3");
    expect(newest).toEqual(linesOf(between.slice(-3)));
    for (const option of ["--since", "--until"]) {
      const { code, err } = await run(option, "yesterday");
      expect([code, err]).toEqual([2, expect.stringContaining(`${option} must be a time`)]);
    }
  });

  it("P63: feed prints every entry of every conversation, and follows whatever comes", async () => {
    const service = { PARLEY_TOKEN: await deployment.token("archive", { scopes: ["history:all"] }) };
    const all = await parley.run(["feed"], service);
    expect(all).toMatchObject({ code: 0, err: "" });
    const entriesOf = (out: string) =>
      out
        .trim()
        .split("\n")
        .map((line): { type: string; id: string; message: { content: string } } => JSON.parse(line));
    const entries = entriesOf(all.out);
    const ids = entries.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort());
    const texts = entries.map(({ message }) => message.content);
    expect(texts).toEqual(expect.arrayContaining(["Hello, Bob", "line 0", `line ${many - 1}`]));
    const [after = ""] = ids.slice(-3);
    const follower = parley.start(["feed", "--follow", "--after", after], service);
    await follower.printed(new RegExp(ids.at(-1) ?? "none"));
    await parley.run(["send", "bob", "for the feed"], await parley.as("alice"));
    await follower.printed(/for the feed/);
    follower.signal("SIGINT");
    const { code, out, err } = await follower.exited;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(entriesOf(out).map(({ id }) => id)).toEqual([...ids.slice(-2), expect.stringMatching(ID)]);
    const refused = await parley.run(["feed"], await parley.as("alice"));
    expect(refused).toMatchObject({ code: 4, out: "", err: expect.stringContaining("scope history:all") });
    expect((await parley.run(["feed", "--since", "yesterday"], service)).code).toBe(2);
  });

  it("G2: send with the same --ref again is the same message", async () => {
    const args = ["send", "public", "--ref", "order-17", "shipped"];
    const first = await parley.run(args, await parley.as("alice"));
    expect(await parley.run(args, await parley.as("alice"))).toEqual(first);
    const other = await parley.run(
      ["send", "public", "--ref", "order-17", "another"],
      await parley.as("alice"),
    );
    expect(other).toMatchObject({ code: 4, out: "", err: expect.stringContaining("ref_reused") });
  });

  it("G3: tail prints new messages, and continues from its cursor file after a restart", async () => {
    const erin = await parley.as("erin");
    const args = ["tail", "--json", "--cursor-file", join(dir, "cursor")];
    const first = parley.start(args, erin);
    const sent = ["one", "two", "three", "four"];
    await parley.untilLive(first, "erin", erin);
    for (const content of ["one", "two"]) await parley.run(["send", "erin", content], erin);
    await first.printed(/"two"/);
    first.signal("SIGINT");
    expect(await first.exited).toMatchObject({ code: 0, err: "" });
    expect(await readFile(join(dir, "cursor"), "utf8")).toMatch(/^\S+\n$/);
    await parley.run(["send", "erin", "three"], erin);
    const second = parley.start(args, erin);
    await second.printed(/"three"/);
    await parley.run(["send", "erin", "four"], erin);
    await second.printed(/"four"/);
    second.signal("SIGTERM");
    expect((await second.exited).code).toBe(0);
    expect(contents(first.out + second.out).filter((content) => sent.includes(content))).toEqual(sent);
  });

  it("tail --from starts at the beginning or after an id", async () => {
    const frank = await parley.as("frank");
    const { out: id } = await parley.run(["send", "frank", "older"], frank);
    await parley.run(["send", "frank", "newer"], frank);
    const whole = parley.start(["tail", "--from", "beginning"], frank);
    await whole.printed(/older\n(.*\n)*.*newer/);
    const rest = parley.start(["tail", "--from", id.trim()], frank);
    await rest.printed(/newer/);
    for (const tail of [whole, rest]) tail.signal("SIGINT");
    expect((await rest.exited).out).not.toContain("older");
  });

  it("chat sends typed lines, obeys its commands, and ends at the end of input", async () => {
    const [gina, hugo] = [
      parley.start(["chat", "gina"], await parley.as("gina")),
      parley.start(["chat", "hugo"], await parley.as("hugo")),
    ];
    await Promise.all([gina, hugo].map((chat) => chat.printed(/You are/, "err")));
    gina.type("to everybody\n/to hugo\nfor hugo\n//slash\n/nonsense\n");
    await hugo.printed(/gina: to everybody\n.*gina → hugo: for hugo\n.*gina → hugo: \/slash\n/);
    await gina.printed(/there is no \/nonsense/, "err");
    hugo.type("/to gina\nfor gina\n/history 2\n");
    await gina.printed(/hugo → gina: for gina/);
    await hugo.printed(/there are older ones\)\n.*\/slash\n.*for gina\n/);
    gina.type("/edit for you,  hugo\n");
    await hugo.printed(/gina → hugo edited, sent \d\d:\d\d: for you, {2}hugo\n/);
    gina.type("/delete\n");
    await hugo.printed(/gina → hugo deleted, sent \d\d:\d\d: \(deleted\)\n/);
    gina.type("last words");
    gina.endInput();
    expect(await gina.exited).toMatchObject({ code: 0 });
    await hugo.printed(/last words/);
    hugo.type("/quit\n");
    expect(await hugo.exited).toMatchObject({ code: 0 });
    await until(async () => {
      const listed = await parley.run(["conversations", "--json"], await parley.as("hugo"));
      return listed.out.includes('"with":"gina","unread":0,');
    }, "what the chat has shown is read");
  });

  it("P60: --as and token request a token from the server, and PARLEY_TOKEN accepts it", async () => {
    const token = await parley.run(["token", "ivan"]);
    expect(token).toMatchObject({ code: 0, err: "" });
    expect(token.out).toMatch(/^\S+\n$/);
    await parley.run(["send", "public", "by token"], { PARLEY_TOKEN: token.out.trim() });
    const { code } = await parley.run(["send", "public", "--as", "ivan", "by name"]);
    expect(code).toBe(0);
    const room = await parley.run(["history", "public", "--json", "--as", "ivan", "--limit", "2"]);
    expect(contents(room.out)).toEqual(["by token", "by name"]);
  });

  // These are the same in front of any server.
  if (!isSplit) {
    it("chat refuses a token of another user, and Ctrl-C ends it without an error", async () => {
      const wrong = await parley.run(["chat", "alice"], await parley.as("bob"));
      expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("the token is for bob") });
      const chat = parley.start(["chat", "bob"], await parley.as("bob"));
      await chat.printed(/You are bob/, "err");
      chat.signal("SIGINT");
      expect(await chat.exited).toMatchObject({ code: 0, out: "" });
    });

    it("control and direction characters of a message never reach the terminal", async () => {
      const evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202egnihton";
      const jane = await parley.as("jane");
      await parley.run(["send", "jane", evil], jane);
      const shown = await parley.run(["history", "jane"], jane);
      expect(shown.out).toContain("jane → jane: \\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\x0d\\u{202e}gnihton\n");
      const json = await parley.run(["history", "jane", "--json"], jane);
      expect(json.out).toContain("\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\r\\u202egnihton");
      expect(contents(json.out)).toEqual([evil]);
      const chat = parley.start(["chat", "jane"], jane);
      chat.type("/to jane\n/history\n");
      await chat.printed(/owned\\x07/);
      chat.endInput();
      expect((await chat.exited).out).not.toContain("\x1b");
    });

    it("a closed pipe is not an error", async () => {
      const ken = await parley.as("ken");
      const text = `${"x".repeat(1_000)}\n`.repeat(300);
      expect(await parley.run(["send", "ken", "--lines"], ken, text)).toMatchObject({ code: 0 });
      expect(await parley.shell("parley history ken --json | head -1 | wc -l", ken)).toMatchObject({
        code: 0,
        err: "",
      });
      const tail = "parley tail --from beginning | head -1 | wc -l";
      expect(await parley.shell(tail, ken)).toMatchObject({ code: 0, err: "" });
    });

    it("an invalid token and content that is too long end with exit code 4", async () => {
      const bad = { PARLEY_TOKEN: "not.a.token" };
      for (const args of [["send", "bob", "x"], ["tail"], ["history", "bob"], ["chat", "bob"]]) {
        const outcome = await parley.run(args, bad);
        expect({ args, ...outcome }).toMatchObject({
          code: 4,
          out: "",
          err: expect.stringContaining("(unauthorized)"),
        });
      }
      const long = await parley.run(["send", "bob"], await parley.as("alice"), "x".repeat(9_000));
      expect(long).toMatchObject({ code: 4, out: "", err: expect.stringContaining("(content_too_long)") });
    });
  }
}

describe("every command, standalone", () => everyCommand(1_500, false, () => startStandalone({ env: ENV })));

await describeSplit("every command, split", { env: ENV }, (deployment) =>
  everyCommand(320, true, async () => deployment),
);
