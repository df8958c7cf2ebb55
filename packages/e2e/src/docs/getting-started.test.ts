import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProcess } from "../rig/commands.ts";
import { type Deployment, describeSplit, startStandalone } from "../rig/shapes.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const text = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");

/** The programs in docs/getting-started.md, each with its heading. */
const programs = [...text.matchAll(/^## (.+)\n(?:(?!^## )[\s\S])*?^```js\n([\s\S]*?)^```$/gm)].map(
  ([, heading = "", program = ""]) => ({ heading, program }),
);

function gettingStarted(start: () => Promise<Deployment>) {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(() => deployment?.stop());

  it.each(programs)("$heading: the program works as it is printed", async ({ heading, program }) => {
    const url = deployment.gateways[0].replace(/\/ws$/, "");
    const historyUrl = `historyUrl: "${deployment.historyUrl}",`;
    // Here the server has another address than in the document. In the split shape, history has its own address.
    const placed = program
      .replace("ws://localhost:8080", url)
      .replace(/^(\s*)(token: )/m, `$1${historyUrl} $2`);
    expect(placed).not.toBe(program);
    const cwd = join(ROOT, "examples/node");
    const user = heading.includes("SDK") ? "alice" : "carol";
    const running = startProcess(
      process.execPath,
      ["--input-type=module", "--eval", placed],
      { PARLEY_TOKEN: await deployment.token(user) },
      cwd,
    );
    await running.printed(/kept: \d{13}-/);
    await running.printed(new RegExp(`${user}: Hello from`));
    const messages = (await (await deployment.history("bob", `/messages/${user}`)).json()) as Message[];
    expect(messages.map(({ id }) => `kept: ${id}`)).toEqual(
      running.lines.filter((line) => line.startsWith("kept")),
    );
  });
}

describe("docs/getting-started.md, standalone", () => {
  it("has a program with the SDK, and one with only a WebSocket", () => {
    expect(programs.map(({ heading }) => heading)).toEqual(["With the SDK", "With nothing but a WebSocket"]);
  });

  gettingStarted(startStandalone);
});

await describeSplit("docs/getting-started.md, split", {}, (deployment) =>
  gettingStarted(async () => deployment),
);
