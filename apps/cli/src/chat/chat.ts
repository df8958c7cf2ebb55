import { setTimeout as delay } from "node:timers/promises";
import type { Message, ParleyClient, State } from "@parley/client";
import { isUsername } from "@parley/models";
import { connectClient, describeState, type ServerOptions } from "../server/connect-client.ts";
import { parseUsername } from "../server/identity.ts";
import { escapeLine } from "../terminal/escape.ts";
import { toFailure, usageError } from "../terminal/failure.ts";
import { formatChange, formatMessage, formatTime } from "../terminal/format-message.ts";
import { type Io, styled } from "../terminal/io.ts";
import { CHAT_HELP, type ChatInput, parseInput } from "./parse-input.ts";
import { openScreen, type Screen } from "./screen.ts";

/** The maximum number of sends in flight. When it is reached, a send must settle before the next line is read. */
const MAX_IN_FLIGHT = 100;
/** The number of messages among which `/edit` and `/delete` look for the user's last one. */
const MAX_LOOKED_AT = 100;
/** The longest wait of `/history` for the lines before it, in ms. They may be unanswered for long while history can be read. */
const SENT_WAIT_MS = 3_000;

/** Runs a chat until the person ends it or the server refuses the user. */
export async function chat(name: string, options: ServerOptions, io: Io): Promise<void> {
  const me = parseUsername(name);
  const as = options.token === undefined ? (options.as ?? me) : options.as;
  let screen: Screen | undefined;
  let conversation: Conversation | undefined;
  const show = (line: string): void => {
    if (screen) screen.show(line);
    else io.print(line);
  };
  const client = await connectClient({ ...options, as }, io, {
    onMessage: (message) => {
      show(formatMessage(message, formatTime));
      conversation?.shown(message);
    },
    onChange: (change) => show(formatChange(change, formatTime)),
  });
  try {
    if (client.user !== me) {
      throw usageError(`the token is for ${escapeLine(client.user ?? "an unknown user")}, not for ${me}`);
    }
    screen = openScreen(io);
    conversation = new Conversation(client, screen);
    await conversation.run(io.ended);
  } finally {
    client.close();
    screen?.close();
  }
}

/** Sends the lines that are typed, and shows the connection's state in the prompt. */
class Conversation {
  readonly #client: ParleyClient;
  readonly #screen: Screen;
  readonly #inFlight = new Set<Promise<void>>();
  /** The recipient of the next line. "" is the public room. */
  #to = "";

  constructor(client: ParleyClient, screen: Screen) {
    this.#client = client;
    this.#screen = screen;
  }

  /**
   * Resolves at the end of input, once every send is settled. If an error closes the client, rejects with the error.
   */
  async run(ended: AbortSignal): Promise<void> {
    const screen = this.#screen;
    screen.notify(
      styled("dim", `You are ${this.#client.user}. Your lines go to everyone; /help lists the commands.`),
    );
    let closeError: Error | undefined;
    let lastNotice: string | undefined;
    const unsubscribe = this.#client.state.subscribe((state) => {
      if (state.phase === "closed") {
        closeError = state.error;
        screen.close();
      } else {
        lastNotice = this.#notifyOf(state, lastNotice);
        this.#updatePrompt();
      }
    });
    for await (const line of screen.lines) {
      if (ended.aborted || !(await this.#handle(parseInput(line, isUsername)))) break;
    }
    if (!ended.aborted) await Promise.all(this.#inFlight);
    unsubscribe();
    if (closeError) throw closeError;
  }

  /** A message was shown. In the conversation to which lines go, it counts as read (P70). */
  shown({ id, from, to }: Message): void {
    const isTheirs = from !== this.#client.user;
    if (isTheirs && (to === "" ? "" : from) === this.#to) this.#client.markRead(this.#to, id);
  }

  /** Prints a notice when the connection is lost and when it is back. Returns the last notice. */
  #notifyOf(state: State, lastNotice: string | undefined): string | undefined {
    const line = describeState(state);
    const isNotable = state.phase === "offline" || (state.phase === "live" && lastNotice !== undefined);
    if (isNotable && line !== undefined) this.#screen.notify(styled("yellow", `* ${escapeLine(line)}`));
    return isNotable ? line : lastNotice;
  }

  /** Handles one line of input. Returns false if it ends the chat. */
  async #handle(input: ChatInput): Promise<boolean> {
    switch (input.type) {
      case "say":
        await this.#say(input.text);
        break;
      case "to":
        this.#to = input.user;
        this.#updatePrompt();
        break;
      case "history":
        await this.#showHistory(input.count);
        break;
      case "edit":
        await this.#change("edited", (id) => this.#client.edit(id, input.text));
        break;
      case "delete":
        await this.#change("deleted", (id) => this.#client.remove(id));
        break;
      case "help":
        this.#screen.notify(CHAT_HELP);
        break;
      case "invalid":
        this.#screen.notify(styled("yellow", `* ${escapeLine(input.reason)}`));
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
        (error: unknown) => this.#notifyOfError(`not sent to ${to || "everyone"}: ${text}`, error),
      )
      .finally(() => {
        this.#inFlight.delete(sending);
        this.#updatePrompt();
      });
    this.#inFlight.add(sending);
    this.#updatePrompt();
    if (this.#inFlight.size >= MAX_IN_FLIGHT) await Promise.race(this.#inFlight);
  }

  async #showHistory(count: number): Promise<void> {
    try {
      // History has each message that is acknowledged (P56), and people expect the line that they have just typed.
      await Promise.race([Promise.all(this.#inFlight), delay(SENT_WAIT_MS, undefined, { ref: false })]);
      const { messages, more } = await this.#client.history(this.#to, { limit: count });
      const lines = messages.map((message) => formatMessage(message));
      const newest = messages.at(-1);
      if (newest) this.#client.markRead(this.#to, newest.id);
      const start = styled(
        "dim",
        more ? "  (there are older ones)" : "  (the beginning of the conversation)",
      );
      this.#screen.show([start, ...lines].join("\n"));
    } catch (error) {
      this.#notifyOfError("history cannot be read", error);
    }
  }

  /** Changes the user's last message in this conversation. The change is shown when it arrives. */
  async #change(done: string, change: (id: string) => Promise<unknown>): Promise<void> {
    try {
      // History has each message that is acknowledged (P56).
      await Promise.all(this.#inFlight);
      const { messages } = await this.#client.history(this.#to, { limit: MAX_LOOKED_AT });
      const mine = messages.findLast(({ from, deleted }) => from === this.#client.user && !deleted);
      if (mine) await change(mine.id);
      else this.#screen.notify(styled("yellow", `* nothing is ${done}: you have no message here`));
    } catch (error) {
      this.#notifyOfError(`not ${done}`, error);
    }
  }

  #notifyOfError(what: string, error: unknown): void {
    if (this.#client.state.current.phase === "closed") return;
    const reason = toFailure(error)?.message ?? String(error);
    this.#screen.notify(styled("red", `* ${escapeLine(what)}: ${escapeLine(reason)}`));
  }

  #updatePrompt(): void {
    const { phase } = this.#client.state.current;
    const connection = phase === "live" ? [] : [phase === "offline" ? "not connected" : phase];
    const sending = this.#inFlight.size > 0 ? [`${this.#inFlight.size} sending`] : [];
    const notes = [...connection, ...sending].join(", ");
    this.#screen.prompt(`${this.#to || "public"}${notes === "" ? "" : ` (${notes})`}> `);
  }
}
