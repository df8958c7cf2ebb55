import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { ChatClient } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { WebUser } from "../rig/web-user.ts";

const HOSTILE = [
  "<script>document.title = 'taken over'</script>",
  '<img src="x" onerror="document.title = \'taken over\'">',
  "</p></li></ol><style>* { display: none }</style><h1>Not a heading</h1>",
  "javascript:alert(1) &lt;b&gt; &amp; {{1 + 1}}",
  "مرحبا بالعالم، هذا نص طويل من اليمين إلى اليسار مع English في الوسط",
  "\u202Eesrever\u202C and \u2066isolated\u2069 and \u200B zero width",
  `Z${"\u0310\u0344\u0489\u035C".repeat(60)}algo`,
  "Donaudampfschifffahrtsgesellschaft".repeat(150),
  `https://example.com/${"a/".repeat(500)}?${"b=c&".repeat(100)}`,
  `${"line\n".repeat(50)}end`,
  "  two  spaces,\ta tab  ",
];
const LONG_NAME = `w${"W".repeat(62)}w`;

const deployment = await startStandalone();
afterAll(() => deployment.stop());

await describeInBrowser("messages are only ever shown as text", (browser) => {
  it.each([
    ["phone", { width: 320, height: 600 }],
    ["desktop", { width: 1280, height: 800 }],
  ] as const)("on a %s, whatever they contain", async (size, viewport) => {
    const mallory = await ChatClient.connect(deployment.gateways[0], await deployment.token(LONG_NAME));
    const victim = `victim-${size}`;
    for (const content of HOSTILE) await mallory.send(victim, content);
    await mallory.send("", "<b>bold</b>");
    const user = await WebUser.visit(browser, deployment.app.url, { viewport });
    await user.signIn(victim);
    await user.open(LONG_NAME);
    const contents = user.page.locator(".row[data-id] .content");
    await contents.nth(HOSTILE.length - 1).waitFor();
    expect(await contents.allTextContents()).toEqual(HOSTILE);
    const markup = "document.querySelectorAll('#app :is(script, img, style, iframe, b)').length";
    expect(await user.page.evaluate(markup)).toBe(0);
    // With the number of unread messages, if the public room isn't open.
    expect(await user.page.title()).toMatch(/^(\(\d+\) )?Parley$/);
    await expectNoOverflow(user);
    await user.open("");
    await user.sees("<b>bold</b>");
    await expectNoOverflow(user);
    await user.page.evaluate("location.hash = '#/'");
    await user.entry(LONG_NAME).waitFor();
    await expectNoOverflow(user);
    expect(user.errors).toEqual([]);
    await mallory.close();
    await user.close();
  });

  it("the Content-Security-Policy blocks markup that reaches the page anyway", async () => {
    const user = await WebUser.visit(browser, deployment.app.url);
    const blocked = await user.page.evaluate(`new Promise((resolve) => {
      const stopped = [];
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
        stopped.push(effectiveDirective);
        if (stopped.length === 4) resolve(stopped.sort());
      });
      fetch("https://example.com/").catch(() => undefined);
      new Image().src = "https://example.com/a.png";
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "https://example.com/a.css" }));
      try { document.body.innerHTML = "<img src=x onerror=alert(1)>"; } catch {}
    })`);
    expect(blocked).toEqual(["connect-src", "img-src", "require-trusted-types-for", "style-src-elem"]);
    await user.close();
  });
});

/** Expects that no element is wider than the screen or its list. Only bubbles may clip text that can't be broken. */
async function expectNoOverflow({ page }: WebUser): Promise<void> {
  const tooWide =
    await page.evaluate(`[document.documentElement, ...document.querySelectorAll(".scroller, .sidebar, .pane, .row, .bubble")]
    .filter((element) => (element.scrollWidth > element.clientWidth + 1 && !element.matches(".bubble")) || element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.className + " " + element.scrollWidth + "/" + element.clientWidth + ": " + element.textContent.slice(0, 40))`);
  expect(tooWide).toEqual([]);
}
