import { afterAll, expect, it } from "vitest";
import { describeInBrowser } from "../rig/browser.ts";
import { Chatter } from "../rig/chat-client.ts";
import { startStandalone } from "../rig/shapes.ts";
import { Person } from "../rig/web-person.ts";

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

const house = await startStandalone();
afterAll(() => house.stop());

await describeInBrowser("text is only ever text", (browser) => {
  it.each([
    ["phone", { width: 320, height: 600 }],
    ["desktop", { width: 1280, height: 800 }],
  ] as const)("whatever somebody sends, on a %s", async (size, viewport) => {
    const mallory = await Chatter.connect(house.gateways[0], await house.token(LONG_NAME));
    const victim = `victim-${size}`;
    for (const content of HOSTILE) await mallory.send(victim, content);
    await mallory.send("", "<b>bold</b>");
    const person = await Person.arrive(browser, house.app.url, { viewport });
    await person.signIn(victim);
    await person.open(LONG_NAME);
    const contents = person.page.locator(".row[data-id] .content");
    await contents.nth(HOSTILE.length - 1).waitFor();
    expect(await contents.allTextContents()).toEqual(HOSTILE);
    const markup = "document.querySelectorAll('#app :is(script, img, style, iframe, b)').length";
    expect(await person.page.evaluate(markup)).toBe(0);
    expect(await person.page.title()).toBe("Parley");
    await fits(person);
    await person.open("");
    await person.sees("<b>bold</b>");
    await fits(person);
    await person.page.evaluate("location.hash = '#/'");
    await person.entry(LONG_NAME).waitFor();
    await fits(person);
    expect(person.mishaps).toEqual([]);
    await mallory.close();
    await person.leave();
  });

  it("and were it ever taken for markup, the Content-Security-Policy would let it do nothing", async () => {
    const person = await Person.arrive(browser, house.app.url);
    const stopped = await person.page.evaluate(`new Promise((resolve) => {
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
    expect(stopped).toEqual(["connect-src", "img-src", "require-trusted-types-for", "style-src-elem"]);
    await person.leave();
  });
});

/** Nothing reaches beyond the screen sideways, and no message beyond its list; a bubble clips what cannot be broken. */
async function fits({ page }: Person): Promise<void> {
  const tooWide =
    await page.evaluate(`[document.documentElement, ...document.querySelectorAll(".scroller, .sidebar, .pane, .row, .bubble")]
    .filter((element) => (element.scrollWidth > element.clientWidth + 1 && !element.matches(".bubble")) || element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.className + " " + element.scrollWidth + "/" + element.clientWidth + ": " + element.textContent.slice(0, 40))`);
  expect(tooWide).toEqual([]);
}
