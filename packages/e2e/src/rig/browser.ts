import { type Browser, chromium } from "playwright-core";
import { afterAll, describe, it } from "vitest";
import { findChromium, hasPackagedChromium } from "./chromium.ts";

/**
 * Arguments that start Chromium as root and without background traffic. The package's own arguments are for cloud
 * functions and disable protections of the page, which these suites test.
 */
const ARGS = [
  "--no-sandbox",
  "--no-zygote",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Defines a suite that runs in a real Chromium. Await it at the top level of a test file.
 *
 * Without a Chromium the suite is skipped with a warning. It fails when `CI` is set and the packages include a
 * Chromium for this platform.
 */
export async function describeInBrowser(name: string, tests: (browser: Browser) => void): Promise<void> {
  const browser = await openBrowser();
  if (!browser) describe.skip(name, () => it("needs a Chromium", () => undefined));
  else
    describe(name, () => {
      afterAll(() => closePages(browser));
      tests(browser);
    });
}

/** The browser of this worker. Its files share it, because a start takes a second of CPU. It ends with the worker. */
let shared: Promise<Browser> | undefined;

/**
 * Returns the browser of this worker, and starts it if there is none. Close all pages after the tests. Without a Chromium,
 * resolves with undefined, or rejects when `describeInBrowser` would fail.
 */
export async function openBrowser(): Promise<Browser | undefined> {
  try {
    if (!(await shared)?.isConnected()) shared = launch();
    return await shared;
  } catch (error) {
    shared = undefined;
    if (process.env.CI && hasPackagedChromium) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite needs a Chromium: ${reasonOf(error)}\n\n`);
    return undefined;
  }
}

async function launch(): Promise<Browser> {
  return chromium.launch({ ...(await findChromium()), args: ARGS });
}

/** Closes every profile of the browser with its pages, so that the next file of this worker finds none. */
export async function closePages(browser: Browser): Promise<void> {
  await Promise.all(browser.contexts().map((context) => context.close()));
}

/** The browser's own error in one line, such as a missing library, or else the first line of the launch error. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /\[err\] (.+)/.exec(text)?.[1] ?? text.split("\n", 1)[0] ?? "";
}
