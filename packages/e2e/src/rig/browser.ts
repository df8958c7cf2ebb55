import { type Browser, chromium } from "playwright-core";
import { afterAll, describe, it } from "vitest";
import { comesWithChromium, whichChromium } from "./chromium.ts";

/**
 * Its own arguments are for a cloud function: among them are some that switch off what protects a page, and that is
 * what is to be tested. These start it as root, without a network of its own.
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
 * A suite in a real Chromium, which is closed behind it. Where none can be had it is skipped with one loud line; it fails
 * where `CI` is set and one comes with the packages. To be awaited at the top of a file.
 */
export async function describeInBrowser(name: string, tests: (browser: Browser) => void): Promise<void> {
  const browser = await openBrowser();
  if (!browser) describe.skip(name, () => it("needs a Chromium", () => undefined));
  else
    describe(name, () => {
      afterAll(() => browser.close());
      tests(browser);
    });
}

/** A Chromium of the caller's own, or undefined, as `describeInBrowser`. */
export async function openBrowser(): Promise<Browser | undefined> {
  try {
    return await chromium.launch({ ...(await whichChromium()), args: ARGS });
  } catch (error) {
    if (process.env.CI && comesWithChromium) throw error;
    process.stderr.write(`\n*** SKIPPED: a suite that needs a Chromium: ${reasonOf(error)}\n\n`);
    return undefined;
  }
}

/** In one line: what the browser itself said, such as which library is missing, else what was said of it. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /\[err\] (.+)/.exec(text)?.[1] ?? text.split("\n", 1)[0] ?? "";
}
