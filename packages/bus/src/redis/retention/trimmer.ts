import type { Observe } from "../../events.ts";
import type { LogState } from "../../log-state.ts";
import type { Link } from "../connection/link.ts";
import { BACKLOG_SHARES, DEAD_LETTERS, GROUP, LOG, META } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { streamIdOf } from "../format/stream-id.ts";
import { logStateFrom } from "../log/log-state.ts";
import type { RedisBusConfig } from "../options.ts";
import { TRIM } from "../script/scripts.ts";
import { Retention } from "./retention.ts";

/** Removes entries from the log that are stored and old enough (L12). */
export class Trimmer {
  readonly #link: Link;
  readonly #retention: Retention;
  readonly #observe: Observe;

  constructor(
    link: Link,
    config: Pick<RedisBusConfig, "trimMinAgeMs" | "backlogMaxBytes">,
    observe: Observe,
  ) {
    this.#link = link;
    this.#retention = new Retention({ minAgeMs: config.trimMinAgeMs, maxBytes: config.backlogMaxBytes });
    this.#observe = observe;
  }

  /** Trims the log and returns its state, or undefined if there is no log. */
  async trim(): Promise<LogState | undefined> {
    const now = performance.now();
    const args = [GROUP, streamIdOf(this.#retention.upTo(now))];
    const keys = [LOG, META, BACKLOG_SHARES, DEAD_LETTERS];
    const reply = textsOf(await this.#link.run((client) => TRIM.run(client, keys, args)));
    const [status, storedBytes, removed, ...rest] = reply;
    if (status !== "ok") return undefined;
    const state = logStateFrom(rest);
    this.#retention.note(state.watermark, Number(storedBytes), now);
    if (Number(removed) > 0) this.#observe({ type: "trim", entries: Number(removed) });
    return state;
  }
}
