import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { startStandalone } from "../rig/shapes.ts";
import { startVitePage } from "../rig/vite-page.ts";

const DOCUMENT = join(import.meta.dirname, "../../../../docs/getting-started.md");
const [, program = ""] = /```javascript\n([\s\S]*?)```/.exec(readFileSync(DOCUMENT, "utf8")) ?? [];

await describeInBrowser("docs/getting-started.md, a page of your own", (browser) => {
  it("a fresh page of npm create vite talks to start with the lines as they are printed", async (context) => {
    const deployment = await startStandalone();
    onTestFinished(() => deployment.stop());
    const { host } = new URL(deployment.app.url);
    const page = await startVitePage(program.replaceAll("localhost:8080", host));
    if (!page) return context.skip();
    onTestFinished(() => page.stop());
    const tab = await browser.newPage();
    onTestFinished(() => tab.close());
    const errors: Error[] = [];
    tab.on("pageerror", (error) => errors.push(error));
    await tab.goto(page.url);
    await tab.getByText("alice: Hello from a page of my own.").waitFor();
    expect(errors).toEqual([]);
    expect(
      program
        .trim()
        .split("\n")
        .filter((line) => line !== ""),
    ).toHaveLength(5);
  });
});
