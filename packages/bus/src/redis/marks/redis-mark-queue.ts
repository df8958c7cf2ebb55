import { laterOf } from "@parley/models";
import { MAX_CALL_MARKS, type MarkQueue, type ReadMark, type UnstoredMarks } from "../../marks.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { GROUP, type Names } from "../format/keys.ts";
import { textsOf } from "../format/replies.ts";
import { idUpTo } from "../format/stream-id.ts";
import { LIST_MARKS, REMOVE_MARKS } from "../script/scripts.ts";
import { argsOf, marksOf } from "./mark-format.ts";

const TIMEOUT_MS = 5_000;
/** The number of marks that one part looks at. Redis may return more if the hash is small. */
const PART = 500;
/** The cursor of HSCAN before the first part and after the last one. */
const END = "0";

/** Hands out the read marks that aren't stored yet (L27). Several persisters may get the same marks. */
export class RedisMarkQueue implements MarkQueue {
  readonly #names: Names;
  readonly #link: Link;

  constructor({ names, connect }: Context) {
    this.#names = names;
    this.#link = connect({ role: "unstored-marks", commandTimeoutMs: TIMEOUT_MS });
  }

  async list(cursor = ""): Promise<UnstoredMarks> {
    const { marks, log, meta } = this.#names;
    const args = [GROUP, cursor === "" ? END : cursor, PART];
    const answer = await runOrUnavailable(this.#link, (client) =>
      LIST_MARKS.run(client, [marks, log, meta], args),
    );
    const [watermark, trimmed, next, fields] = answer as readonly [string, string | null, string, unknown];
    if (trimmed === null) throw unavailable("there is no log in Redis");
    return {
      marks: marksOf(textsOf(fields)),
      watermark: laterOf(idUpTo(watermark), idUpTo(trimmed)),
      cursor: next === END ? "" : next,
    };
  }

  stored(marks: readonly ReadMark[]): Promise<void> {
    return this.#remove(marks, true);
  }

  drop(marks: readonly ReadMark[]): Promise<void> {
    return this.#remove(marks, false);
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #remove(marks: readonly ReadMark[], mustPublish: boolean): Promise<void> {
    const names = this.#names;
    for (let from = 0; from < marks.length; from += MAX_CALL_MARKS) {
      const part = marks.slice(from, from + MAX_CALL_MARKS);
      const args = [names.marksChannel(""), mustPublish ? 1 : 0, ...part.flatMap(argsOf)];
      const keys = [names.marks, names.marksShares];
      await runOrUnavailable(this.#link, (client) => REMOVE_MARKS.run(client, keys, args));
    }
  }
}
