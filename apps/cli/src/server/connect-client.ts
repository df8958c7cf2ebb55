import { connect, type Message, type ParleyClient, ParleyError, type State } from "@parley/client";
import { EXIT, Failure } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { addressesOf } from "./addresses.ts";
import { type Identity, tokens } from "./identity.ts";

/** Where the server is, and who comes. What every command that chats has as options. */
export interface ServerOptions extends Identity {
  readonly url: string;
  readonly historyUrl: string | undefined;
  /** How long the server may be out of reach at first, in ms; and how long a send may take. */
  readonly timeoutMs: number;
}

interface ChatOptions {
  readonly cursor?: string | undefined;
  readonly from?: "now" | "beginning" | undefined;
  readonly onMessage?: (message: Message, client: ParleyClient) => void;
  readonly onState?: (state: State) => void;
}

/** A client that has not been waited for. It is closed when the command is ended from outside. */
export async function startChat(
  server: ServerOptions,
  io: Io,
  options: ChatOptions = {},
): Promise<ParleyClient> {
  const { base, webSocket, history } = addressesOf(server.url, server.historyUrl);
  const client = connect({
    url: webSocket,
    historyUrl: history,
    token: await tokens(server, base, io.ended),
    cursor: options.cursor,
    from: options.from,
    sendDeadlineMs: server.timeoutMs,
    signal: io.ended,
  });
  const { onMessage, onState } = options;
  if (onMessage) client.messages.subscribe((message) => onMessage(message, client));
  if (onState) client.state.subscribe(onState);
  return client;
}

/**
 * A client that the server has taken in. Rejects with a Failure, and closes it, where the server refuses, or cannot be
 * reached within the time; afterwards the client comes back from any absence by itself.
 */
export async function openChat(
  server: ServerOptions,
  io: Io,
  options: ChatOptions = {},
): Promise<ParleyClient> {
  const client = await startChat(server, io, options);
  try {
    await takenIn(client, server, io);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

function takenIn(client: ParleyClient, { url, timeoutMs }: ServerOptions, io: Io): Promise<void> {
  return new Promise((resolve, reject) => {
    let last: ParleyError | undefined;
    const timer = setTimeout(() => {
      reject(new Failure(EXIT.unreachable, `${url} cannot be reached${last ? `: ${reasonOf(last)}` : ""}`));
    }, timeoutMs);
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      queueMicrotask(() => stop());
      settle();
    };
    const stop = client.state.subscribe((state) => {
      if (state.phase === "live" || state.phase === "catching-up") done(resolve);
      else if (state.phase === "closed")
        done(() => reject(state.error ?? new ParleyError("closed", "Ended.")));
      else if (state.phase === "offline") {
        if (!last && state.error) io.note(`${url} cannot be reached yet: ${reasonOf(state.error)}`);
        last = state.error;
      }
    });
  });
}

/** What the client says, or what is under it where that says more. */
function reasonOf(error: ParleyError): string {
  return error.code === "token_failed" && error.cause instanceof Error ? error.cause.message : error.message;
}

/** How things stand, for people; undefined for what needs no word. */
export function stateLine(state: State): string | undefined {
  switch (state.phase) {
    case "connecting":
      return undefined;
    case "catching-up":
      return `catching up: ${state.received} messages so far${state.error ? ` (${state.error.message})` : ""}`;
    case "live":
      return "live";
    case "offline": {
      const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
      return `not connected, trying again in ${seconds} s${state.error ? ` (${state.error.message})` : ""}`;
    }
    case "closed":
      return state.error ? `closed: ${state.error.message} (${state.error.code})` : undefined;
  }
}
