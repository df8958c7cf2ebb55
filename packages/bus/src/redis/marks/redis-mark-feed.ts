import { MAX_CALL_MARKS, type MarkFeed, type MarkListener, type Raised, type ReadMark } from "../../marks.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { textsOf } from "../format/replies.ts";
import { RAISE_MARKS } from "../script/scripts.ts";
import { argsOf } from "./mark-format.ts";
import { MarkSubscriber } from "./mark-subscriber.ts";

const TIMEOUT_MS = 2_000;

/**
 * Raises and hears read marks (L27). Uses connections of its own: marks never delay messages, and a gateway works without
 * them.
 */
export class RedisMarkFeed implements MarkFeed {
  readonly #context: Context;
  readonly #link: Link;
  readonly #subscriber: MarkSubscriber;

  constructor(context: Context, listener: MarkListener) {
    this.#context = context;
    this.#link = context.connect({ role: "marks", commandTimeoutMs: TIMEOUT_MS });
    this.#subscriber = new MarkSubscriber(context, listener);
  }

  async raise(marks: readonly ReadMark[]): Promise<readonly Raised[]> {
    const results: Raised[] = [];
    for (let from = 0; from < marks.length; from += MAX_CALL_MARKS)
      results.push(...(await this.#raise(marks.slice(from, from + MAX_CALL_MARKS))));
    return results;
  }

  join(user: string): Promise<void> {
    return this.#subscriber.join(user);
  }

  leave(user: string): void {
    this.#subscriber.leave(user);
  }

  problem(): string | undefined {
    return this.#link.problem() ?? this.#subscriber.problem();
  }

  async close(): Promise<void> {
    await Promise.all([this.#subscriber.close(), this.#link.close()]);
  }

  async #raise(marks: readonly ReadMark[]): Promise<readonly Raised[]> {
    const { names, config, observe } = this.#context;
    const keys = [names.marks, names.log, names.meta, names.marksShares];
    const args = [config.maxUnstoredMarks, names.marksChannel(""), ...marks.flatMap(argsOf)];
    const answer = await runOrUnavailable(this.#link, (client) => RAISE_MARKS.run(client, keys, args));
    const [outcome, unstored, ...results] = textsOf(answer);
    if (outcome !== "ok") throw unavailable("there is no log in Redis");
    const raised = marks.map((_, at): Raised => (results[at] === "kept" ? "kept" : "full"));
    const full = raised.filter((result) => result === "full").length;
    observe({ type: "marks", marks: marks.length, full, unstored: Number(unstored) });
    const overShare = results.filter((result) => result === "share").length;
    if (overShare > 0) observe({ type: "over-share", of: "marks", drafts: overShare });
    return raised;
  }
}
