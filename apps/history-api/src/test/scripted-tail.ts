import type { LogTail, TailRead } from "@parley/bus";
import { ChatError, formatId, type LogMessage, ORIGIN } from "@parley/models";

export function idAt(seq: number): string {
  return formatId({ ms: 1_700_000_000_000, seq });
}

export function message(seq: number, changes: Partial<LogMessage> = {}): LogMessage {
  return { id: idAt(seq), from: "alice", to: "bob", content: `number ${seq}`, ...changes };
}

type Call = "position" | "watermark" | "read";

interface Hold {
  /** Resolves once a call is held. */
  readonly reached: Promise<void>;
  pass(): Promise<void>;
  release(): void;
}

/** How long a read waits when there is nothing, in ms: short, so that the follower's loop goes round. */
const WAIT_MS = 5;

/**
 * A log that is driven by hand, for interleavings that no real one can be brought into: what is in it, how far a
 * reader gets, where it says that it ends and up to where it says that all is stored are set one by one.
 */
export class ScriptedTail implements LogTail {
  entries: LogMessage[] = [];
  end = ORIGIN;
  stored = ORIGIN;
  /** Reads get no further. */
  readable = ORIGIN;
  /** The next read says that the log no longer has what follows. */
  isLost = false;
  down = false;
  positions = 0;
  watermarks = 0;
  reads = 0;
  readonly #holds = new Map<Call, Hold>();

  /** From now on a call of this kind gives its answer, which is as old as the call, only when it is let go. */
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

  /** Appends messages that readers get at once. */
  append(...messages: readonly LogMessage[]): void {
    this.entries.push(...messages);
    this.end = messages.at(-1)?.id ?? this.end;
    this.readable = this.end;
  }

  /** The log is gone and a new one is there, which stands at `start`. */
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
    return { kind: "read", messages: [], position: after };
  }

  problem(): string | undefined {
    return this.down ? "the log is down" : undefined;
  }

  #answer(after: string): TailRead | undefined {
    if (this.isLost) {
      this.isLost = false;
      return { kind: "lost" };
    }
    const messages = this.entries.filter(({ id }) => id > after && id <= this.readable);
    const last = messages.at(-1);
    return last && { kind: "read", messages, position: last.id };
  }

  #assertUp(): void {
    if (this.down) throw new ChatError("unavailable");
  }
}
