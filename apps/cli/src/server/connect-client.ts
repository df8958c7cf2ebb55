import {
  type Change,
  connect,
  type Message,
  type ParleyClient,
  ParleyError,
  type State,
} from "@parley/client";
import { escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { resolveAddresses } from "./addresses.ts";
import { type Identity, openTokenSource } from "./identity.ts";

/** The server's address and the user: the options of every command that talks to a server. */
export interface ServerOptions extends Identity {
  readonly url: string;
  readonly historyUrl: string | undefined;
  /** The maximum time for the first connection, and for each send, in ms. */
  readonly timeoutMs: number;
}

interface ClientOptions {
  readonly cursor?: string | undefined;
  readonly from?: "now" | "beginning" | undefined;
  readonly onMessage?: (message: Message, client: ParleyClient) => void;
  readonly onChange?: (change: Change, client: ParleyClient) => void;
  readonly onState?: (state: State) => void;
}

/** Returns a client that isn't connected yet. The client is closed when the command is ended from outside. */
export async function createClient(
  server: ServerOptions,
  io: Io,
  options: ClientOptions = {},
): Promise<ParleyClient> {
  const { base, webSocket, history } = resolveAddresses(server.url, server.historyUrl);
  const client = connect({
    url: webSocket,
    historyUrl: history,
    token: await openTokenSource(server, base, io.ended),
    cursor: options.cursor,
    from: options.from,
    sendDeadlineMs: server.timeoutMs,
    signal: io.ended,
  });
  const { onMessage, onChange, onState } = options;
  if (onMessage) client.messages.subscribe((message) => onMessage(message, client));
  if (onChange) client.changes.subscribe((change) => onChange(change, client));
  if (onState) client.state.subscribe(onState);
  return client;
}

/**
 * Returns a client that is connected. If the server refuses the user, or can't be reached within `timeoutMs`, closes
 * the client and rejects with a ParleyError or a Failure. Once connected, the client reconnects by itself.
 */
export async function connectClient(
  server: ServerOptions,
  io: Io,
  options: ClientOptions = {},
): Promise<ParleyClient> {
  const client = await createClient(server, io, options);
  try {
    await untilConnected(client, server, io);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

function untilConnected(client: ParleyClient, { url, timeoutMs }: ServerOptions, io: Io): Promise<void> {
  return new Promise((resolve, reject) => {
    let lastError: ParleyError | undefined;
    const timer = setTimeout(() => {
      const reason = lastError ? `: ${reasonOf(lastError)}` : "";
      reject(new Failure(EXIT.unreachable, `${url} cannot be reached${reason}`));
    }, timeoutMs);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      queueMicrotask(() => unsubscribe());
      settle();
    };
    const unsubscribe = client.state.subscribe((state) => {
      const refusal = refusalIn(state);
      if (refusal) finish(() => reject(refusal));
      else if (state.phase === "live" || state.phase === "catching-up") finish(resolve);
      else if (state.phase === "offline") {
        if (!lastError && state.error) io.note(`${url} cannot be reached yet: ${reasonOf(state.error)}`);
        lastError = state.error;
      }
    });
  });
}

/**
 * Returns the error after which a command gives up. The SDK asks a server that has refused it once more, after a pause.
 * A person at a terminal rather gets the reason at once.
 */
function refusalIn(state: State): ParleyError | undefined {
  if (state.phase === "closed") return state.error ?? new ParleyError("closed", "The command was ended.");
  return state.phase === "offline" && state.error?.temporary === false ? state.error : undefined;
}

/**
 * Returns the message of an error, which the server may have written, as one safe line. For a failed token request, returns
 * the message of the error's cause.
 */
function reasonOf(error: ParleyError): string {
  const { message } = error.code === "token_failed" && error.cause instanceof Error ? error.cause : error;
  return escapeLine(message);
}

/** Describes a connection's state for people, as one safe line. Returns undefined if the state isn't worth a line. */
export function describeState(state: State): string | undefined {
  switch (state.phase) {
    case "connecting":
      return undefined;
    case "catching-up":
      return `catching up: ${state.received} messages so far${state.error ? ` (${reasonOf(state.error)})` : ""}`;
    case "live":
      return "live";
    case "offline": {
      const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
      return `not connected, trying again in ${seconds} s${state.error ? ` (${reasonOf(state.error)})` : ""}`;
    }
    case "closed":
      return state.error ? `closed: ${reasonOf(state.error)} (${escapeLine(state.error.code)})` : undefined;
  }
}
