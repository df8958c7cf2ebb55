import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
  WebSocketRoute,
} from "playwright-core";

/** A user of the page, with a separate browser profile. */
export class WebUser {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Uncaught errors of the page, and violations of its Content-Security-Policy. */
  readonly errors: string[] = [];
  /** The hosts that the page has sent requests to or opened WebSockets to. */
  readonly hosts = new Set<string>();

  private constructor(page: Page, context: BrowserContext) {
    this.page = page;
    this.context = context;
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      // Failed requests are reported here too. Many tests cause them on purpose.
      if (
        message.type() === "error" &&
        !/^(Failed to load resource|WebSocket connection to)/.test(message.text())
      )
        this.errors.push(message.text());
    });
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol !== "data:") this.hosts.add(host);
    });
    page.on("websocket", (socket) => this.hosts.add(new URL(socket.url()).host));
  }

  /** Opens the page in a new browser profile. */
  static async visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<WebUser> {
    // Animations are slow on a small machine.
    return WebUser.visitIn(await browser.newContext({ reducedMotion: "reduce", ...options }), url);
  }

  /** Opens the page in a new tab of a browser profile. */
  static async visitIn(context: BrowserContext, url: string): Promise<WebUser> {
    const user = new WebUser(await context.newPage(), context);
    await user.page.goto(url);
    return user;
  }

  /**
   * Controls the page's WebSocket connections, from the next one on. `cut` closes them and prevents others until
   * `restore`.
   */
  async link(): Promise<{ cut(): void; restore(): void }> {
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
      restore: () => (isCut = false),
    };
  }

  /** Signs in by name, with a development token. */
  async signIn(name: string): Promise<this> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.untilConnected();
    return this;
  }

  /** Signs in with a token. */
  async signInWith(token: string): Promise<this> {
    await this.page.getByRole("button", { name: "Use a token instead" }).click();
    await this.page.getByLabel("Token").fill(token);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.untilConnected();
    return this;
  }

  get status(): Locator {
    return this.page.getByRole("status");
  }

  async untilConnected(): Promise<void> {
    await this.status.filter({ hasText: "Connected" }).waitFor();
  }

  /** Clicks "Try now", unless the page connects by itself before: then the button is gone. */
  async reconnect(): Promise<void> {
    const button = this.page.getByRole("button", { name: "Try now" });
    await Promise.any([button.click(), this.untilConnected()]);
  }

  /** Opens a conversation by its address, as a link in the list does. "" is the public room. */
  async open(partner: string): Promise<void> {
    const hash = partner === "" ? "#/room" : `#/with/${encodeURIComponent(partner)}`;
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    const title = partner === "" ? "Public room" : partner;
    await this.page.getByRole("heading", { level: 2, name: title, exact: true }).waitFor();
  }

  get composer(): Locator {
    return this.page.locator("#composer");
  }

  /** Types a message and sends it. */
  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  /** Returns the texts of the open conversation as the screen shows them: stored messages and pending ones. */
  async texts(): Promise<string[]> {
    return this.page.locator(".row .content").allInnerTexts();
  }

  /** Waits until a message with this text is shown and has an id. */
  async sees(text: string): Promise<void> {
    await this.page.locator(".row[data-id] .content").getByText(text, { exact: true }).first().waitFor();
  }

  /**
   * Scrolls up to the beginning of the open conversation. Resolves with the id and text of every message on the way.
   * Rejects if the messages on the screen are out of order, or more than 300, which is more than the page may keep.
   */
  async scrollToBeginning(): Promise<[id: string, text: string][]> {
    const seen = new Map<string, string>();
    const deadline = performance.now() + 60_000;
    for (let first = ""; ; ) {
      const isBeginning = await this.page.getByText("This is the beginning of the conversation.").isVisible();
      const rows = await this.#rows();
      const ids = rows.map(([id]) => id);
      if (ids.length > 300 || ids.join() !== [...new Set(ids)].sort().join())
        throw new Error(`${ids.length} messages on the screen, or out of order: ${ids.join()}`);
      for (const [id, text] of rows) seen.set(id, text);
      if (isBeginning) break;
      if (ids[0] === first) await this.page.waitForTimeout(20);
      if (performance.now() > deadline)
        throw new Error(`timed out scrolling to the beginning; the first message is ${first}`);
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

  /** Returns the entry of a conversation in the list of conversations. */
  entry(name: string): Locator {
    const partner = this.page.locator(".partner").getByText(name, { exact: true });
    return this.page.locator(".conversations a").filter({ has: partner });
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
