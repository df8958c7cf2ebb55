import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "@parley/models";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProcess } from "../rig/commands.ts";
import { describeSplit, type House, startStandalone } from "../rig/shapes.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const text = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");

/** The programs of docs/getting-started.md, by their headings. */
const programs = [...text.matchAll(/^## (.+)\n(?:(?!^## )[\s\S])*?^```js\n([\s\S]*?)^```$/gm)].map(
  ([, heading = "", program = ""]) => ({ heading, program }),
);

function gettingStarted(start: () => Promise<House>) {
  let house: House;
  beforeAll(async () => {
    house = await start();
  });
  afterAll(() => house?.stop());

  it.each(programs)(
    "$heading: the program does what it says, as it stands there",
    async ({ heading, program }) => {
      const url = house.gateways[0].replace(/\/ws$/, "");
      const historyUrl = `historyUrl: "${house.historyUrl}",`;
      // Where it runs is another place here, and in the split shape history has an address of its own.
      const placed = program
        .replace("ws://localhost:8080", url)
        .replace(/^(\s*)(token: )/m, `$1${historyUrl} $2`);
      expect(placed).not.toBe(program);
      const cwd = join(ROOT, "examples/node");
      const user = heading.includes("SDK") ? "alice" : "carol";
      const running = startProcess(
        process.execPath,
        ["--input-type=module", "--eval", placed],
        { PARLEY_TOKEN: await house.token(user) },
        cwd,
      );
      await running.says(/kept: \d{13}-/);
      await running.says(new RegExp(`${user}: Hello from`));
      const messages = (await (await house.history("bob", `/messages/${user}`)).json()) as Message[];
      expect(messages.map(({ id }) => `kept: ${id}`)).toEqual(
        running.lines.filter((line) => line.startsWith("kept")),
      );
    },
  );
}

describe("docs/getting-started.md, standalone", () => {
  it("has a program with the SDK, and one with nothing but a WebSocket", () => {
    expect(programs.map(({ heading }) => heading)).toEqual(["With the SDK", "With nothing but a WebSocket"]);
  });

  gettingStarted(startStandalone);
});

await describeSplit("docs/getting-started.md, split", {}, (house) => gettingStarted(async () => house));
