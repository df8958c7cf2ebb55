import { createInterface } from "node:readline";
import type { ParleyClient } from "@parley/client";
import { openChat, type ServerOptions } from "../server/connect-client.ts";
import { assertUsername } from "../server/identity.ts";
import { printable, printableJson } from "../terminal/escape.ts";
import { EXIT, Failure, failureOf, usage } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";

export interface SendOptions extends ServerOptions {
  /** A message for each line of standard input. */
  readonly lines: boolean;
  readonly ref: string | undefined;
  readonly json: boolean;
}

/** More than any server takes for one message (P12). */
const MAX_TEXT_BYTES = 65_536;
/** Messages that may be under way at once: so many lines are read ahead, and no more. */
const MAX_UNDER_WAY = 100;

/** `public` is the room; it can be no conversation's name on this command line. */
export function recipientOf(to: string): string {
  if (to === "public") return "";
  assertUsername(to);
  return to;
}

/** Sends, and prints the id of each message once it is durable. */
export async function send(
  to: string,
  text: string | undefined,
  options: SendOptions,
  io: Io,
): Promise<void> {
  const recipient = recipientOf(to);
  if (options.lines && (options.ref !== undefined || (text !== undefined && text !== "-"))) {
    throw usage("--lines reads standard input, a message a line: give no text and no --ref");
  }
  const content = options.lines ? undefined : await contentOf(text, io);
  const client = await openChat(options, io);
  const sendOne = async (content: string): Promise<void> => {
    const receipt = await client.send(recipient, content, { ref: options.ref, signal: io.ended });
    io.print(options.json ? printableJson({ ...receipt, to: recipient }) : printable(receipt.id));
  };
  try {
    if (content !== undefined) await sendOne(content);
    else await sendLines(io, sendOne, client);
  } finally {
    client.close();
  }
}

async function contentOf(text: string | undefined, io: Io): Promise<string> {
  if (text !== undefined && text !== "-") return text;
  if (text === undefined && io.stdin.isTTY)
    io.note("Type the message; Ctrl-D on a line of its own sends it.");
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of untilEnded(io)) {
    bytes += chunk.length;
    if (bytes > MAX_TEXT_BYTES)
      throw usage(`a message has at most ${MAX_TEXT_BYTES} bytes; --lines sends many`);
    chunks.push(Buffer.from(chunk));
  }
  const content = Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, "");
  if (content === "") throw usage("there is nothing to send");
  return content;
}

/** Standard input, which ends with the command. */
function untilEnded({ stdin, ended }: Io): NodeJS.ReadStream {
  if (ended.aborted) stdin.destroy();
  ended.addEventListener("abort", () => stdin.destroy(), { once: true });
  return stdin;
}

/** Empty lines are left out. The first line that cannot be sent ends it: what follows is not sent. */
async function sendLines(
  io: Io,
  sendOne: (line: string) => Promise<void>,
  client: ParleyClient,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failed: unknown;
  let number = 0;
  for await (const line of createInterface({ input: untilEnded(io), signal: io.ended })) {
    number += 1;
    if (line === "") continue;
    const at = number;
    const sending = sendOne(line)
      .catch((error: unknown) => {
        failed ??= ofLine(at, error);
      })
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
    if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
    if (failed !== undefined) break;
  }
  // What stands behind the line that failed must not overtake it.
  if (failed !== undefined) client.close();
  await Promise.all(underWay);
  if (failed !== undefined) throw failed;
}

function ofLine(number: number, error: unknown): unknown {
  const failure = failureOf(error);
  return failure
    ? new Failure(failure.exitCode ?? EXIT.failed, `line ${number}: ${failure.message}`, failure.hint)
    : error;
}
