import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@parley/async";
import type { Message } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProcess } from "../rig/commands.ts";
import { observe } from "../rig/sdk-observer.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const text = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");

/** The programs in docs/getting-started.md, each with its heading. */
const all = [...text.matchAll(/^## (.+)\n(?:(?!^## )[\s\S])*?^```js\n([\s\S]*?)^```$/gm)].map(
  ([, heading = "", program = ""]) => ({ heading, program }),
);
const BOT = "A bot in ten lines";
const programs = all.filter(({ heading }) => heading !== BOT);

function gettingStarted(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(() => deployment?.stop());

  /** Starts a program as a user, with the address of this server. In the split shape, history has its own address. */
  async function startProgram(program: string, user: string) {
    const url = deployment.gateways[0].replace(/\/ws$/, "");
    const historyUrl = `historyUrl: "${deployment.historyUrl}",`;
    const placed = program
      .replace("ws://localhost:8080", url)
      .replace(/^((?:\s*|.*\{.*, ))(token: )/m, `$1${historyUrl} $2`);
    expect(placed).not.toBe(program);
    const args = ["--input-type=module", "--eval", placed];
    const env = { PARLEY_TOKEN: await deployment.token(user) };
    return startProcess(process.execPath, args, env, join(ROOT, "examples/node"));
  }

  it("the bot answers as it is printed, and its answer is edited", async () => {
    const bot = await startProgram(all.find(({ heading }) => heading === BOT)?.program ?? "", "counter");
    const dave = await observe(deployment, "dave");
    // A message that arrives before the bot has connected isn't new for it.
    await until(
      async () => {
        await dave.client.send("counter", "Hello");
        return dave.changes.length > 0;
      },
      () => `the bot's edit; it printed: ${bot.out}${bot.err}`,
    );
    const [edit] = dave.changes;
    expect(edit).toMatchObject({
      type: "edited",
      message: { from: "counter", content: "That was 5 characters." },
    });
    const note = dave.messages.find(({ id }) => id === edit?.message.id);
    const question = dave.messages.find(({ id }) => id === note?.meta?.answers);
    expect([note?.content, question?.content]).toEqual(["Counting…", "Hello"]);
    dave.client.close();
    expect([bot.out, bot.err]).toEqual(["", ""]);
  });

  it.each(programs)("$heading: the program works as it is printed", async ({ heading, program }) => {
    const user = heading.includes("SDK") ? "alice" : "carol";
    const running = await startProgram(program, user);
    await running.printed(/kept: \d{13}-/);
    await running.printed(new RegExp(`${user}: Hello from`));
    const messages = await deployment.read<Message[]>("bob", `/messages/${user}`);
    expect(messages.map(({ id }) => `kept: ${id}`)).toEqual(
      running.lines.filter((line) => line.startsWith("kept")),
    );
  });
}

describe("docs/getting-started.md, standalone", () => {
  it("has a bot in ten lines", () => {
    const program = all.find(({ heading }) => heading === BOT)?.program ?? "";
    expect(program.trimEnd().split("\n")).toHaveLength(10);
  });

  it("has a program with the SDK, and one with only a WebSocket", () => {
    expect(programs.map(({ heading }) => heading)).toEqual(["With the SDK", "With nothing but a WebSocket"]);
  });

  gettingStarted(startStandalone);
});

await describeSplit("docs/getting-started.md, split", {}, (deployment) =>
  gettingStarted(async () => deployment),
);
