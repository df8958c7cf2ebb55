import type { Message, ParleyClient, State } from "@parley/client";
import { isUsername } from "@parley/models";
import { openChat, type ServerOptions, stateLine } from "../server/connect-client.ts";
import { printable } from "../terminal/escape.ts";
import { failureOf, usage } from "../terminal/failure.ts";
import { messageLine, timeOfDay } from "../terminal/format-message.ts";
import { type Io, styled } from "../terminal/io.ts";
import { CHAT_HELP, type Typed, typed } from "./parse-input.ts";
import { openScreen, type Screen } from "./screen.ts";

/** Sends that may be under way; then what is typed waits. */
const MAX_UNDER_WAY = 100;

/** Talks until the person has enough, or the server does. */
export async function chat(me: string, options: ServerOptions, io: Io): Promise<void> {
  const as = options.token === undefined ? (options.as ?? me) : options.as;
  let screen: Screen | undefined;
  const show = (message: Message): void => {
    const line = messageLine(message, timeOfDay);
    if (screen) screen.show(line);
    else io.print(line);
  };
  const client = await openChat({ ...options, as }, io, { onMessage: show });
  try {
    if (client.user !== me)
      throw usage(`the token is of ${printable(client.user ?? "nobody")}, not of ${me}`);
    screen = openScreen(io);
    await new Conversation(client, screen).run(io.ended);
  } finally {
    client.close();
    screen?.close();
  }
}

/** What is typed becomes messages; how things stand becomes the prompt. */
class Conversation {
  readonly #client: ParleyClient;
  readonly #screen: Screen;
  readonly #underWay = new Set<Promise<void>>();
  /** Whom lines go to; "" is the public room. */
  #to = "";

  constructor(client: ParleyClient, screen: Screen) {
    this.#client = client;
    this.#screen = screen;
  }

  /** Resolves when there is no more to read and everything typed is settled; rejects where the server is done with us. */
  async run(ended: AbortSignal): Promise<void> {
    const screen = this.#screen;
    screen.tell(
      styled("dim", `You are ${this.#client.user}. What you type goes to everybody; /help says more.`),
    );
    let why: Error | undefined;
    let said: string | undefined;
    const stop = this.#client.state.subscribe((state) => {
      if (state.phase === "closed") {
        why = state.error;
        screen.close();
      } else {
        said = this.#tellOf(state, said);
        this.#prompt();
      }
    });
    for await (const line of screen.lines) {
      if (ended.aborted || !(await this.#act(typed(line, isUsername)))) break;
    }
    if (!ended.aborted) await Promise.all(this.#underWay);
    stop();
    if (why) throw why;
  }

  /** Says how things stand where that is worth a line, once; `said` is what was said last. */
  #tellOf(state: State, said: string | undefined): string | undefined {
    const line = stateLine(state);
    const isNews = state.phase === "offline" || (state.phase === "live" && said !== undefined);
    if (isNews && line !== undefined) this.#screen.tell(styled("yellow", `* ${printable(line)}`));
    return isNews ? line : said;
  }

  /** False where that was all. */
  async #act(what: Typed): Promise<boolean> {
    switch (what.type) {
      case "say":
        await this.#say(what.text);
        break;
      case "to":
        this.#to = what.user;
        this.#prompt();
        break;
      case "history":
        await this.#history(what.count);
        break;
      case "help":
        this.#screen.tell(CHAT_HELP);
        break;
      case "mistake":
        this.#screen.tell(styled("yellow", `* ${printable(what.says)}`));
        break;
      case "quit":
        return false;
    }
    return true;
  }

  async #say(text: string): Promise<void> {
    const to = this.#to;
    const sending = this.#client
      .send(to, text)
      .then(
        () => undefined,
        (error: unknown) => this.#notDone(`not sent to ${to || "everybody"}: ${text}`, error),
      )
      .finally(() => {
        this.#underWay.delete(sending);
        this.#prompt();
      });
    this.#underWay.add(sending);
    this.#prompt();
    if (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
  }

  async #history(count: number): Promise<void> {
    try {
      const { messages, more } = await this.#client.history(this.#to, { limit: count });
      const lines = messages.map((message) => messageLine(message));
      const end = styled("dim", more ? "  (there are older ones)" : "  (from the beginning)");
      this.#screen.show([end, ...lines].join("\n"));
    } catch (error) {
      this.#notDone("no history", error);
    }
  }

  #notDone(what: string, error: unknown): void {
    if (this.#client.state.current.phase === "closed") return;
    this.#screen.tell(
      styled("red", `* ${printable(what)}: ${printable(failureOf(error)?.message ?? String(error))}`),
    );
  }

  #prompt(): void {
    const { phase } = this.#client.state.current;
    const standing = phase === "live" ? [] : [phase === "offline" ? "not connected" : phase];
    const sending = this.#underWay.size > 0 ? [`${this.#underWay.size} sending`] : [];
    const notes = [...standing, ...sending].join(", ");
    this.#screen.prompt(`${this.#to || "public"}${notes === "" ? "" : ` (${notes})`}> `);
  }
}
