import { httpAddress } from "../server/addresses.ts";
import { ask, RequestRefused } from "../server/request-json.ts";
import { printable, printableJson } from "../terminal/escape.ts";
import { Failure, usage } from "../terminal/failure.ts";
import { type Io, styled } from "../terminal/io.ts";

export interface AdminOptions {
  readonly adminUrl: string;
  readonly token: string | undefined;
}

interface DeadLetter {
  readonly id: string;
  readonly position: string;
  readonly reason: string;
  readonly at: string;
  readonly fields: Readonly<Record<string, string>>;
}

const PAGE = 100;

/** Prints all dead letters, oldest first, a page at a time (L10). */
export async function list(options: AdminOptions & { readonly json: boolean }, io: Io): Promise<void> {
  for (let after: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after !== undefined && { after }) });
    const answer = await request(options, `/dead-letters?${query}`, "GET", io);
    const { deadLetters = [] } = (answer ?? {}) as { deadLetters?: readonly DeadLetter[] };
    for (const letter of deadLetters) io.print(options.json ? printableJson(letter) : letterLine(letter));
    after = deadLetters.at(-1)?.id;
    if (deadLetters.length < PAGE || after === undefined) return;
  }
}

/** Appends a letter to the log again as a message. */
export async function replay(id: string, options: AdminOptions, io: Io): Promise<void> {
  await request(options, `/dead-letters/${encodeURIComponent(id)}/replay`, "POST", io);
  io.note(`${printable(id)} is in the log again, as a message.`);
}

/** Throws a letter away. */
export async function drop(id: string, options: AdminOptions, io: Io): Promise<void> {
  await request(options, `/dead-letters/${encodeURIComponent(id)}`, "DELETE", io);
  io.note(`${printable(id)} is gone.`);
}

/** Without the entry itself, which may be long and hold what people wrote: --json shows it. */
function letterLine({ id, at, position, reason, fields }: DeadLetter): string {
  const what = `${Object.keys(fields).length} fields, at ${printable(position)} of the log`;
  return `${styled("bold", printable(id))} ${printable(at)} ${printable(reason)} (${what})`;
}

async function request(
  { adminUrl, token }: AdminOptions,
  path: string,
  method: "GET" | "POST" | "DELETE",
  { ended }: Io,
): Promise<unknown> {
  const base = httpAddress("--admin-url", adminUrl);
  if (token === undefined) {
    throw usage(
      "dead letters need a token of scope ops: --token, or PARLEY_TOKEN",
      "parley token me --scope ops",
    );
  }
  try {
    return await ask(base + path, { method, token, signal: ended });
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    if (error.status === 404 && method === "GET") {
      throw new Failure(
        error.exitCode,
        `${base} has no dead letters`,
        "They are at the admin port of a persister (9082 by default); start, in one process, has none.",
      );
    }
    const hint = error.status === 401 || error.status === 403 ? "parley token me --scope ops" : undefined;
    throw new Failure(error.exitCode, error.message, hint);
  }
}
