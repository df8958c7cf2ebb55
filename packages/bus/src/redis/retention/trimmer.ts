import type { LogState } from "../../consumer.ts";
import type { Observe } from "../../events.ts";
import type { Link } from "../connection/link.ts";
import { BACKLOG_SHARES, GROUP, LOG, META } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { idUpTo, streamIdOf } from "../format/stream-id.ts";
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
    const reply = textsOf(
      await this.#link.run((client) => TRIM.run(client, [LOG, META, BACKLOG_SHARES], args)),
    );
    const [status, end = "", mark = "", entries, bytes, storedBytes, removed] = reply;
    if (status !== "ok") return undefined;
    const watermark = idUpTo(mark);
    this.#retention.note(watermark, Number(storedBytes), now);
    if (Number(removed) > 0) this.#observe({ type: "trim", entries: Number(removed) });
    return { end: idUpTo(end), watermark, backlogEntries: Number(entries), backlogBytes: Number(bytes) };
  }
}
