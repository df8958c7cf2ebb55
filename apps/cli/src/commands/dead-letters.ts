import { type AdminOptions, requestAdmin } from "../server/request-admin.ts";
import { escapeJson, escapeLine } from "../terminal/escape.ts";
import { type Io, styled } from "../terminal/io.ts";

interface DeadLetter {
  readonly id: string;
  readonly position: string;
  readonly reason: string;
  readonly at: string;
  readonly fields: Readonly<Record<string, string>>;
}

const PAGE_SIZE = 100;

/** Prints all dead letters, oldest first, page by page (L10). */
export async function list(options: AdminOptions & { readonly json: boolean }, io: Io): Promise<void> {
  for (let after: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(after !== undefined && { after }) });
    const answer = await request(options, `/dead-letters?${query}`, "GET", io);
    const { deadLetters = [] } = (answer ?? {}) as { deadLetters?: readonly DeadLetter[] };
    for (const letter of deadLetters) io.print(options.json ? escapeJson(letter) : formatLetter(letter));
    after = deadLetters.at(-1)?.id;
    if (deadLetters.length < PAGE_SIZE || after === undefined) return;
  }
}

/** Appends a dead letter to the log again. */
export async function replay(id: string, options: AdminOptions, io: Io): Promise<void> {
  await request(options, `/dead-letters/${encodeURIComponent(id)}/replay`, "POST", io);
  io.note(`${escapeLine(id)} was appended to the log again.`);
}

/** Deletes a dead letter. */
export async function drop(id: string, options: AdminOptions, io: Io): Promise<void> {
  await request(options, `/dead-letters/${encodeURIComponent(id)}`, "DELETE", io);
  io.note(`${escapeLine(id)} was deleted.`);
}

/**
 * Formats a dead letter without the entry's fields, which may be long and contain a message's text. Use `--json` to
 * print the fields.
 */
function formatLetter({ id, at, position, reason, fields }: DeadLetter): string {
  const entry = `${Object.keys(fields).length} fields, at ${escapeLine(position)} of the log`;
  return `${styled("bold", escapeLine(id))} ${escapeLine(at)} ${escapeLine(reason)} (${entry})`;
}

function request(
  options: AdminOptions,
  path: string,
  method: "GET" | "POST" | "DELETE",
  { ended }: Io,
): Promise<unknown> {
  const whereHint =
    "Pass the admin port of a persister as --admin-url (default port 9082). The single process of start has none.";
  return requestAdmin(options, path, { method, command: "dead-letters", whereHint, signal: ended });
}
