import { createInterface } from "node:readline";
import type { ParleyClient } from "@parley/client";
import { connectClient, type ServerOptions } from "../server/connect-client.ts";
import { parseUsername } from "../server/identity.ts";
import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { EXIT, Failure, toFailure, usageError } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { parseMeta } from "./meta.ts";

export interface SendOptions extends ServerOptions {
  /** Sends each line of standard input as a message. */
  readonly lines: boolean;
  readonly ref: string | undefined;
  /** A JSON object. */
  readonly meta: string | undefined;
  readonly json: boolean;
}

/** The maximum size of a text from standard input, in bytes: more than any server accepts (P12). */
const MAX_TEXT_BYTES = 65_536;
/** The maximum number of sends in flight. When it is reached, a send must settle before the next line is read. */
const MAX_IN_FLIGHT = 100;

/** Returns the recipient: "" for `public`. So a user named "public" can't be addressed. Throws a usage Failure. */
export function parseRecipient(to: string): string {
  if (to === "public") return "";
  return parseUsername(to);
}

/** Sends one message, or one per line, and prints each id once the message is durable. */
export async function send(
  to: string,
  text: string | undefined,
  options: SendOptions,
  io: Io,
): Promise<void> {
  const recipient = parseRecipient(to);
  if (options.lines && (options.ref !== undefined || (text !== undefined && text !== "-"))) {
    throw usageError("--lines reads the messages from standard input: omit the text and --ref");
  }
  const meta = parseMeta(options.meta);
  const content = options.lines ? undefined : await readContent(text, io);
  const client = await connectClient(options, io);
  const sendOne = async (content: string): Promise<void> => {
    const receipt = await client.send(recipient, content, { meta, ref: options.ref, signal: io.ended });
    io.print(options.json ? escapeJson({ ...receipt, to: recipient }) : escapeLine(receipt.id));
  };
  try {
    if (content !== undefined) await sendOne(content);
    else await sendLines(io, sendOne, client);
  } finally {
    client.close();
  }
}

/** Returns the text of a message: the argument, or else standard input. */
export async function readContent(text: string | undefined, io: Io): Promise<string> {
  if (text !== undefined && text !== "-") return text;
  if (text === undefined && io.stdin.isTTY) {
    io.note("Type the message. Press Ctrl-D on an empty line to send it.");
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdinUntilEnded(io)) {
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES) {
      throw usageError(`the text is longer than ${MAX_TEXT_BYTES} bytes: shorten it, or use --lines`);
    }
    chunks.push(Buffer.from(chunk));
  }
  const content = Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, "");
  if (content === "") throw usageError("the text is empty: pass it as an argument or on standard input");
  return content;
}

/** Returns standard input, and closes it when the command is ended. */
function stdinUntilEnded({ stdin, ended }: Io): NodeJS.ReadStream {
  if (ended.aborted) stdin.destroy();
  ended.addEventListener("abort", () => stdin.destroy(), { once: true });
  return stdin;
}

/** Sends each line that isn't empty. Stops at the first line that can't be sent. */
async function sendLines(
  io: Io,
  sendOne: (line: string) => Promise<void>,
  client: ParleyClient,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  let failed: unknown;
  let number = 0;
  for await (const line of createInterface({ input: stdinUntilEnded(io), signal: io.ended })) {
    number += 1;
    if (line === "") continue;
    const lineNumber = number;
    const sending = sendOne(line)
      .catch((error: unknown) => {
        failed ??= failureOfLine(lineNumber, error);
      })
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    if (failed !== undefined) break;
  }
  // Closes the client, so that lines after the failed one aren't sent if they still wait.
  if (failed !== undefined) client.close();
  await Promise.all(inFlight);
  if (failed !== undefined) throw failed;
}

function failureOfLine(number: number, error: unknown): unknown {
  const failure = toFailure(error);
  return failure
    ? new Failure(failure.exitCode ?? EXIT.failed, `line ${number}: ${failure.message}`, failure.hint)
    : error;
}
