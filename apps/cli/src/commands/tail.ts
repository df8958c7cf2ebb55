import { readFile, rename, writeFile } from "node:fs/promises";
import type { ParleyClient } from "@parley/client";
import { isId } from "@parley/models";
import { connectClient, describeState, type ServerOptions } from "../server/connect-client.ts";
import { EXIT, Failure, usageError } from "../terminal/failure.ts";
import {
  formatChange,
  formatChangeJson,
  formatMessage,
  formatMessageJson,
} from "../terminal/format-message.ts";
import type { Io } from "../terminal/io.ts";

export interface TailOptions extends ServerOptions {
  readonly json: boolean;
  /** Prints edits and deletions as JSON too. People get them anyway. */
  readonly changes: boolean;
  /** "now", "beginning" or a cursor. */
  readonly from: string | undefined;
  readonly cursorFile: string | undefined;
}

/**
 * The longest time from printing a message to saving its cursor, in ms. After a crash the next run may print the
 * messages of this time again.
 */
const SAVE_INTERVAL_MS = 500;

/** Prints every message, edit and deletion as it arrives, each once and in order, until the command is ended. */
export async function tail(options: TailOptions, io: Io): Promise<void> {
  const start = await startOf(options);
  const file = options.cursorFile === undefined ? undefined : new CursorFile(options.cursorFile);
  let wasOffline = false;
  const client = await connectClient(options, io, {
    ...start,
    onMessage: (message, { cursor }) => {
      const line = options.json ? formatMessageJson(message) : formatMessage(message);
      io.print(line, () => file?.advance(cursor));
    },
    onChange: (change, { cursor }) => {
      // A program that was written for messages alone expects a `content` in each line.
      if (options.json && !options.changes) return file?.advance(cursor);
      io.print(options.json ? formatChangeJson(change) : formatChange(change), () => file?.advance(cursor));
    },
    onState: (state) => {
      if (state.phase === "offline") wasOffline = true;
      const line = describeState(state);
      if (wasOffline && line !== undefined) io.note(line);
      if (state.phase === "live") wasOffline = false;
    },
  });
  file?.start(() => client.cursor);
  const error = await untilClosed(client, io.ended);
  await file?.save();
  if (error) throw error;
}

/** Resolves when the client is closed: with undefined if the command was ended, otherwise with the reason. */
function untilClosed(client: ParleyClient, ended: AbortSignal): Promise<Error | undefined> {
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
    if (!isId(from)) throw usageError("--from must be now, beginning, or a cursor or message id");
    return { cursor: from };
  }
  const saved = from === undefined && cursorFile !== undefined ? await readCursor(cursorFile) : undefined;
  return saved === undefined ? { from: from ?? "now" } : { cursor: saved };
}

async function readCursor(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, "utf8")).trim();
    if (text === "") return undefined;
    if (!isId(text)) {
      throw usageError(
        `--cursor-file: ${file} doesn't contain a cursor; delete the file, or pass another one`,
      );
    }
    return text;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Saves the cursor of the last printed message in a file. Each save replaces the file atomically. */
class CursorFile {
  readonly #file: string;
  #cursor: string | undefined;
  #saved: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Saves the starting point if nothing has been printed yet. So the next run also prints the messages that arrive
   * between the two runs.
   */
  start(cursor: () => string | undefined): void {
    if (this.#cursor === undefined) this.advance(cursor());
  }

  advance(cursor: string | undefined): void {
    this.#cursor = cursor ?? this.#cursor;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // Ignored: the last save, at the end of the command, reports a failure.
      void this.save().catch(() => undefined);
    }, SAVE_INTERVAL_MS).unref();
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
      const reason = error instanceof Error ? error.message : String(error);
      throw new Failure(EXIT.failed, `--cursor-file: the cursor cannot be saved: ${reason}`);
    }
    this.#saved = cursor;
  }
}
