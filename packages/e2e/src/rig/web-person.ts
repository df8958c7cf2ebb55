import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
  WebSocketRoute,
} from "playwright-core";

/** Somebody in front of the page, in a browser profile of their own. */
export class Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page: uncaught errors, and what the Content-Security-Policy stopped. */
  readonly mishaps: string[] = [];
  /** The hosts that the page has asked for anything. */
  readonly hosts = new Set<string>();

  private constructor(page: Page, context: BrowserContext) {
    this.page = page;
    this.context = context;
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => this.mishaps.push(String(error)));
    page.on("console", (message) => {
      // A request that fails is told here too, and is what many of the tests are about.
      if (
        message.type() === "error" &&
        !/^(Failed to load resource|WebSocket connection to)/.test(message.text())
      )
        this.mishaps.push(message.text());
    });
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== "data:") this.hosts.add(host);
    });
    page.on("websocket", (socket) => this.hosts.add(new URL(socket.url()).host));
  }

  static async arrive(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Person> {
    // What moves for the eye alone costs a slow machine the most.
    const context = await browser.newContext({ reducedMotion: "reduce", ...options });
    const person = new Person(await context.newPage(), context);
    await person.page.goto(url);
    return person;
  }

  /** Between the page and the gateway, from the next connection on: whole until it is cut, and then none until mended. */
  async link(): Promise<{ cut(): void; mend(): void }> {
    const sockets = new Set<WebSocketRoute>();
    let isCut = false;
    await this.page.routeWebSocket(/\/ws$/, (socket) => {
      if (isCut) return void socket.close({ code: 1006 });
      sockets.add(socket);
      socket.connectToServer();
    });
    return {
      cut() {
        isCut = true;
        for (const socket of sockets) void socket.close({ code: 4000 });
        sockets.clear();
      },
      mend: () => (isCut = false),
    };
  }

  async signIn(name: string): Promise<this> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.connected();
    return this;
  }

  async signInWith(token: string): Promise<this> {
    await this.page.getByRole("button", { name: "Use a token instead" }).click();
    await this.page.getByLabel("Token").fill(token);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.connected();
    return this;
  }

  get status(): Locator {
    return this.page.getByRole("status");
  }

  async connected(): Promise<void> {
    await this.status.filter({ hasText: "Connected" }).waitFor();
  }

  /** Opens a conversation by its address, as a link in the list does; "" is the public room. */
  async open(partner: string): Promise<void> {
    const hash = partner === "" ? "#/room" : `#/with/${encodeURIComponent(partner)}`;
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    const title = partner === "" ? "Public room" : partner;
    await this.page.getByRole("heading", { level: 2, name: title, exact: true }).waitFor();
  }

  get composer(): Locator {
    return this.page.locator("#composer");
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  /** What stands in the open conversation, settled messages and others, in the order of the screen. */
  async texts(): Promise<string[]> {
    return this.page.locator(".row .content").allInnerTexts();
  }

  /** Waits until this text is settled: it has an id. */
  async sees(text: string): Promise<void> {
    await this.page.locator(".row[data-id] .content").getByText(text, { exact: true }).first().waitFor();
  }

  /**
   * The whole open conversation from its beginning, as somebody sees it who scrolls up to there: id and text. Throws
   * where what is on the screen is ever out of order, or more than a document should hold.
   */
  async scrollToBeginning(): Promise<[id: string, text: string][]> {
    const seen = new Map<string, string>();
    const deadline = Date.now() + 60_000;
    for (let first = ""; ; ) {
      const isBeginning = await this.page.getByText("This is the beginning of the conversation.").isVisible();
      const rows = await this.#rows();
      const ids = rows.map(([id]) => id);
      if (ids.length > 300 || ids.join() !== [...new Set(ids)].sort().join()) throw new Error("not in order");
      for (const [id, text] of rows) seen.set(id, text);
      if (isBeginning) break;
      if (ids[0] === first) await this.page.waitForTimeout(20);
      if (Date.now() > deadline) throw new Error(`the beginning does not come: ${first}`);
      first = ids[0] ?? "";
      await this.page.evaluate("document.querySelector('.scroller').scrollTop = 0");
    }
    return [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #rows(): Promise<[id: string, text: string][]> {
    return this.page.evaluate(
      "[...document.querySelectorAll('.row[data-id]')].map((row) => [row.dataset.id, row.querySelector('.content').textContent])",
    );
  }

  /** The entry of a conversation in the list. */
  entry(name: string): Locator {
    const partner = this.page.locator(".partner").getByText(name, { exact: true });
    return this.page.locator(".conversations a").filter({ has: partner });
  }

  leave(): Promise<void> {
    return this.context.close();
  }
}
