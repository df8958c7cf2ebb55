import { readFile, rename, writeFile } from "node:fs/promises";
import { isId } from "@parley/models";
import { openChat, type ServerOptions, stateLine } from "../server/connect-client.ts";
import { EXIT, Failure, usage } from "../terminal/failure.ts";
import { messageJson, messageLine } from "../terminal/format-message.ts";
import type { Io } from "../terminal/io.ts";

export interface TailOptions extends ServerOptions {
  readonly json: boolean;
  /** "now", "beginning" or a cursor. */
  readonly from: string | undefined;
  readonly cursorFile: string | undefined;
}

/** How long a cursor may wait to be saved, in ms: as much may be shown again after a crash. */
const SAVE_EVERY_MS = 500;

/** Prints every message as it comes, each once and in order, until the command is ended. */
export async function tail(options: TailOptions, io: Io): Promise<void> {
  const start = await startOf(options);
  const file = options.cursorFile === undefined ? undefined : new CursorFile(options.cursorFile);
  let wasAway = false;
  const client = await openChat(options, io, {
    ...start,
    onMessage: (message, { cursor }) => {
      io.print(options.json ? messageJson(message) : messageLine(message), () => file?.reached(cursor));
    },
    onState: (state) => {
      if (state.phase === "offline") wasAway = true;
      const line = stateLine(state);
      if (wasAway && line !== undefined) io.note(line);
      if (state.phase === "live") wasAway = false;
    },
  });
  file?.startedAt(() => client.cursor);
  const end = await closed(client, io.ended);
  await file?.save();
  if (end) throw end;
}

/** Resolves when the client is closed: with the error where the server wants no more of it. */
function closed(
  client: Awaited<ReturnType<typeof openChat>>,
  ended: AbortSignal,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    client.state.subscribe((state) => {
      if (state.phase === "closed") resolve(ended.aborted ? undefined : (state.error ?? new Error("closed")));
    });
  });
}

async function startOf({
  from,
  cursorFile,
}: TailOptions): Promise<{ cursor?: string; from?: "now" | "beginning" }> {
  if (from !== undefined && from !== "now" && from !== "beginning") {
    if (!isId(from)) throw usage("--from takes now, beginning, or the cursor (or id) after which to begin");
    return { cursor: from };
  }
  const saved = from === undefined && cursorFile !== undefined ? await savedCursor(cursorFile) : undefined;
  return saved === undefined ? { from: from ?? "now" } : { cursor: saved };
}

async function savedCursor(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    if (text === "") return undefined;
    if (!isId(text)) throw usage(`${file} holds no cursor: delete it, or name another file`);
    return text;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Keeps in a file how far everything has been printed. Written whole or not at all. */
class CursorFile {
  readonly #file: string;
  #cursor: string | undefined;
  #saved: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** Where there was no message yet, so that one of an absence is not missed. */
  startedAt(cursor: () => string | undefined): void {
    if (this.#cursor === undefined) this.reached(cursor());
  }

  reached(cursor: string | undefined): void {
    this.#cursor = cursor ?? this.#cursor;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What cannot be saved now is tried again at the end, and told there.
      void this.save().catch(() => undefined);
    }, SAVE_EVERY_MS).unref();
  }

  save(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === undefined || cursor === this.#saved) return;
    const draft = `${this.#file}.${process.pid}`;
    try {
      await writeFile(draft, `${cursor}\n`);
      await rename(draft, this.#file);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Failure(EXIT.failed, `the cursor cannot be saved: ${why}`);
    }
    this.#saved = cursor;
  }
}
