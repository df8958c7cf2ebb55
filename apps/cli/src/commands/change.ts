import type { Receipt } from "@parley/client";
import { isId } from "@parley/models";
import { connectClient, type ServerOptions } from "../server/connect-client.ts";
import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { usageError } from "../terminal/failure.ts";
import type { Io } from "../terminal/io.ts";
import { parseMeta } from "./meta.ts";
import { readContent } from "./send.ts";

export interface ChangeOptions extends ServerOptions {
  readonly ref: string | undefined;
  readonly json: boolean;
}

/** Replaces the content of a message, and prints the change's id once the change is durable. */
export async function edit(
  id: string,
  text: string | undefined,
  options: ChangeOptions & { readonly meta: string | undefined },
  io: Io,
): Promise<void> {
  assertId(id);
  const meta = parseMeta(options.meta);
  const content = await readContent(text, io);
  const client = await connectClient(options, io);
  try {
    print(await client.edit(id, content, { meta, ref: options.ref, signal: io.ended }), options, io);
  } finally {
    client.close();
  }
}

/** Deletes a message, and prints the change's id once the change is durable. */
export async function remove(id: string, options: ChangeOptions, io: Io): Promise<void> {
  assertId(id);
  const client = await connectClient(options, io);
  try {
    print(await client.remove(id, { ref: options.ref, signal: io.ended }), options, io);
  } finally {
    client.close();
  }
}

function assertId(id: string): void {
  if (!isId(id)) throw usageError("<id> must be the id of a message, such as 1752674400123-0000000000-00");
}

function print(receipt: Receipt, { json }: ChangeOptions, io: Io): void {
  io.print(json ? escapeJson(receipt) : escapeLine(receipt.id));
}
