import type { LogState, LogTail, TailRead, UnknownEntry } from "@parley/bus";
import {
  ChatError,
  contentDigest,
  formatId,
  type LogChange,
  type LogEntry,
  type LogMessage,
  ORIGIN,
  positionOf,
} from "@parley/models";

export function idAt(seq: number): string {
  return formatId({ ms: 1_700_000_000_000, seq });
}

export function message(seq: number, changes: Partial<LogMessage> = {}): LogMessage {
  return { id: idAt(seq), from: "alice", to: "bob", content: `number ${seq}`, ...changes };
}

/** An edit of the message `of`, with the position `seq`. */
export function edit(seq: number, of: LogMessage, content = `edited at ${seq}`): LogChange {
  const { id, from, to } = of;
  return { kind: "edit", change: idAt(seq), from, to, id, digest: contentDigest(of), content };
}

type Call = "position" | "watermark" | "read";

interface Hold {
  /** Resolves once a call is held back. */
  readonly reached: Promise<void>;
  pass(): Promise<void>;
  release(): void;
}

/** Time that a read waits for messages, in ms. Short, so that the follower's loop runs often. */
const WAIT_MS = 5;

/**
 * A LogTail under the test's control, for interleavings that a real log can't be forced into. Its entries, its end,
 * its watermark and the position up to which reads succeed are set independently.
 */
export class ScriptedTail implements LogTail {
  entries: LogEntry[] = [];
  end = ORIGIN;
  /** The watermark. */
  stored = ORIGIN;
  /** Reads return nothing after this position. */
  readable = ORIGIN;
  /** An entry of a later version, right after what can be read. */
  unknown: UnknownEntry | undefined;
  /** The next read returns `lost`. */
  isLost = false;
  isDown = false;
  positions = 0;
  watermarks = 0;
  reads = 0;
  readonly #holds = new Map<Call, Hold>();

  /** Holds back calls of one kind until `release`. A held call returns the values from the time of the call. */
  hold(call: Call): Hold {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const hold = {
      reached: reached.promise,
      pass: () => {
        reached.resolve();
        return released.promise;
      },
      release: () => {
        if (this.#holds.get(call) === hold) this.#holds.delete(call);
        released.resolve();
      },
    };
    this.#holds.set(call, hold);
    return hold;
  }

  releaseAll(): void {
    for (const hold of this.#holds.values()) hold.release();
  }

  /** Appends entries that can be read immediately. */
  append(...entries: readonly LogEntry[]): void {
    this.entries.push(...entries);
    const last = entries.at(-1);
    this.end = last ? positionOf(last) : this.end;
    this.readable = this.end;
  }

  /** Replaces the log with an empty one whose end and watermark are `start`. */
  replace(start: string): void {
    this.entries = [];
    this.end = start;
    this.stored = start;
    this.readable = start;
  }

  async position(): Promise<string> {
    this.positions += 1;
    this.#assertUp();
    const { end } = this;
    await this.#holds.get("position")?.pass();
    return end;
  }

  async watermark(): Promise<string> {
    this.watermarks += 1;
    this.#assertUp();
    const { stored } = this;
    await this.#holds.get("watermark")?.pass();
    return stored;
  }

  async state(): Promise<LogState> {
    this.#assertUp();
    const { end, stored: watermark } = this;
    const backlogEntries = this.entries.filter((entry) => positionOf(entry) > watermark).length;
    return { end, watermark, backlogEntries, backlogBytes: 0, lagMs: 0, deadLetters: 0 };
  }

  async read(after: string, signal: AbortSignal): Promise<TailRead> {
    this.reads += 1;
    const deadline = performance.now() + WAIT_MS;
    do {
      this.#assertUp();
      const answer = this.#answer(after);
      await this.#holds.get("read")?.pass();
      if (answer) return answer;
      await new Promise((resolve) => setTimeout(resolve, 1));
      signal.throwIfAborted();
    } while (performance.now() < deadline);
    return { kind: "read", entries: [], position: after };
  }

  problem(): string | undefined {
    return this.isDown ? "the log is down" : undefined;
  }

  #answer(after: string): TailRead | undefined {
    if (this.isLost) {
      this.isLost = false;
      return { kind: "lost" };
    }
    const entries = this.entries.filter(
      (entry) => positionOf(entry) > after && positionOf(entry) <= this.readable,
    );
    const last = entries.at(-1);
    const position = last ? positionOf(last) : after;
    if (this.unknown) return { kind: "read", entries, position, unknown: this.unknown };
    return last && { kind: "read", entries, position };
  }

  #assertUp(): void {
    if (this.isDown) throw new ChatError("unavailable");
  }
}
