import type { LogState } from "../../log-state.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { GROUP } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { logStateFrom } from "../log/log-state.ts";
import { TRIM } from "../script/scripts.ts";
import { Retention } from "./retention.ts";

type TrimmerContext = Pick<Context, "config" | "names" | "observe">;

/** Removes entries from the log that are stored and old enough (L12). */
export class Trimmer {
  readonly #link: Link;
  readonly #retention: Retention;
  readonly #context: TrimmerContext;

  constructor(link: Link, context: TrimmerContext) {
    const { trimMinAgeMs: minAgeMs, backlogMaxBytes: maxBytes } = context.config;
    this.#link = link;
    this.#retention = new Retention({ minAgeMs, maxBytes });
    this.#context = context;
  }

  /** Trims the log and returns its state, or undefined if there is no log. */
  async trim(): Promise<LogState | undefined> {
    const { names, observe } = this.#context;
    const now = performance.now();
    const args = [GROUP, streamIdOf(this.#retention.upTo(now))];
    const keys = [names.log, names.meta, names.backlogShares, names.deadLetters];
    const reply = textsOf(await this.#link.run((client) => TRIM.run(client, keys, args)));
    const [status, storedBytes, removed, ...rest] = reply;
    if (status !== "ok") return undefined;
    const state = logStateFrom(rest);
    this.#retention.note(state.watermark, Number(storedBytes), now);
    if (Number(removed) > 0) observe({ type: "trim", entries: Number(removed) });
    return state;
  }
}
