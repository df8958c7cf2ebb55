import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ORIGIN } from "@parley/models";
import { draftArgs, type EncodedDraft, encodeDraft } from "../format/encoded-draft.ts";
import { STREAM_ORIGIN } from "../format/stream-id.ts";
import { ensureLog } from "../log/ensure-log.ts";
import { resolveScript } from "../script/resolve-script.ts";
import { readLua } from "../script/script-text.ts";
import { BACKLOG_SHARES, GROUP, LOG, META, names, REFS, REFS_SHARES } from "./names.ts";
import { publicDraft, type Rig } from "./redis-rig.ts";

/** The time that scripts see in place of the server's, in ms since 1970. */
const TEST_TIME = "{parley}:test:time";
const TIME_CALL = "redis.call('TIME')";
const TEST_TIME_CALL = `(function()
  local ms = tonumber(redis.call('GET', '${TEST_TIME}'))
  return { string.format('%d', math.floor(ms / 1000)), string.format('%d', ms % 1000 * 1000) }
end)()`;

/**
 * The append script of this version; of the previous one, which knows no `last` in META and no note of refs; or of the last
 * one without an age clock.
 */
export type Version = "new" | "previous" | "old";

function appendScript(version: Version): string {
  const text = resolveScript("append", (file) => fixtureOf(version, file) ?? readLua(file));
  if (!text.includes(TIME_CALL)) throw new Error("the script doesn't ask for the time any more");
  return text.replaceAll(TIME_CALL, TEST_TIME_CALL);
}

/** Returns the text of a file that another version had, or undefined if this version's file serves. */
function fixtureOf(version: Version, file: string): string | undefined {
  const read = (path: string) => readFileSync(join(import.meta.dirname, path), "utf8");
  if (version === "old" && file === "include/refs.lua") return read("refs-before-ages.lua");
  const path = `previous/${basename(file)}`;
  return version === "previous" && existsSync(join(import.meta.dirname, path)) ? read(path) : undefined;
}

const SCRIPTS: Readonly<Record<Version, string>> = {
  new: appendScript("new"),
  previous: appendScript("previous"),
  old: appendScript("old"),
};

export interface ClockRigOptions {
  readonly windowMs: number;
  readonly maxRefs?: number;
}

/**
 * A log whose scripts see a clock that the test moves. Calls the append script as gateways do, without gateways, which
 * would call by the real time.
 */
export class ClockRig {
  readonly #rig: Rig;
  readonly #options: Required<ClockRigOptions>;
  /** The true time, in ms since 1970. */
  #nowMs = 1_700_000_000_000;
  /** How far the server's clock is ahead of the true time. */
  #aheadMs = 0;

  private constructor(rig: Rig, options: ClockRigOptions) {
    this.#rig = rig;
    this.#options = { maxRefs: 10_000_000, ...options };
  }

  /** Empties the server and creates a log. */
  static async create(rig: Rig, options: ClockRigOptions): Promise<ClockRig> {
    const clock = new ClockRig(rig, options);
    await rig.raw.flushall();
    await clock.ensureLog();
    await clock.#set();
    return clock;
  }

  /** Creates or repairs the log, as a persister does when it connects. */
  async ensureLog(storedUpTo = ORIGIN): Promise<void> {
    await ensureLog(
      this.#rig.raw,
      { lastStored: async () => storedUpTo },
      { names, observe: () => undefined },
    );
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Moves the server's clock. The true time stands still. */
  async leap(aheadMs: number): Promise<void> {
    this.#aheadMs = aheadMs;
    await this.#set();
  }

  /** Lets time pass while no gateway runs. */
  async down(ms: number): Promise<void> {
    this.#nowMs += ms;
    await this.#set();
  }

  /** Lets time pass while a gateway of `version` runs, which calls without a draft every `everyMs`. */
  async idle(ms: number, { everyMs = 1_900, version = "new" as Version } = {}): Promise<void> {
    for (let left = ms; left > 0; left -= everyMs) {
      await this.down(Math.min(left, everyMs));
      await this.call([], { version });
    }
  }

  /** Appends a message with each ref in one call. Returns the script's results, such as `+id` and `=id`. */
  async append(refs: readonly string[], version: Version = "new"): Promise<string[]> {
    const drafts = refs.map((ref) => encodeDraft({ ...publicDraft("x", ref), from: `of ${ref}` }, names));
    const [status, error, , ...results] = await this.call(drafts, { version });
    if (status !== "ok" || error !== "") throw new Error(`${status}: ${error}`);
    return results;
  }

  /** Appends one message. Returns its result. */
  async send(ref: string, version?: Version): Promise<string> {
    return (await this.append([ref], version))[0] ?? "";
  }

  /** Runs the script as a gateway that knows the stream id `highest`. Returns the script's answer. */
  async call(
    drafts: readonly EncodedDraft[],
    { version = "new" as Version, highest = STREAM_ORIGIN } = {},
  ): Promise<string[]> {
    const keys = [LOG, META, ...REFS, BACKLOG_SHARES, REFS_SHARES];
    const { windowMs, maxRefs } = this.#options;
    const args = [GROUP, highest, windowMs, 1_000_000, 1_000_000_000, maxRefs, 0, drafts.length];
    // Earlier versions know only messages, whose drafts had six arguments.
    for (const draft of drafts) args.push(...draftArgs(draft).slice(0, version === "previous" ? 6 : 8));
    return (await this.#rig.raw.eval(SCRIPTS[version], keys.length, ...keys, ...args)) as string[];
  }

  async #set(): Promise<void> {
    await this.#rig.raw.set(TEST_TIME, this.#nowMs + this.#aheadMs);
  }
}
