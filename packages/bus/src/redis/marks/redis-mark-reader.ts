import type { Redis } from "ioredis";
import type { MarkName, MarkReader } from "../../marks.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import type { Context } from "../context.ts";
import { RefusedError } from "../errors.ts";
import type { KeyNames } from "../format/keys.ts";
import { idUpTo, isStreamId } from "../format/stream-id.ts";
import { CHECK_MASTER } from "../script/scripts.ts";
import { fieldOf } from "./mark-format.ts";

const TIMEOUT_MS = 2_000;
/** Fields in one command. */
const CHUNK = 500;

/** Reads the read marks that aren't stored yet (L27). A demoted server never answers, because its marks are old. */
export class RedisMarkReader implements MarkReader {
  readonly #names: KeyNames;
  readonly #link: Link;

  constructor({ names, connect }: Context) {
    this.#names = names;
    this.#link = connect({ role: "find-marks", commandTimeoutMs: TIMEOUT_MS });
  }

  async find(names: readonly MarkName[]): Promise<readonly (string | undefined)[]> {
    const fields = names.map(fieldOf);
    const found: (string | undefined)[] = [];
    for (let from = 0; from < fields.length; from += CHUNK)
      found.push(
        ...(await runOrUnavailable(this.#link, (client) =>
          this.#read(client, fields.slice(from, from + CHUNK)),
        )),
      );
    return found;
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #read(client: Redis, fields: readonly string[]): Promise<readonly (string | undefined)[]> {
    const { marks, meta } = this.#names;
    const replies = await CHECK_MASTER.addTo(client.multi(), [meta])
      .hmget(marks, ...fields)
      .exec();
    if (!replies) throw new RefusedError("the transaction was not executed");
    const [, values] = replies.map(([error, reply]) => {
      if (error) throw new RefusedError(error.message);
      return reply;
    });
    return (values as readonly (string | null)[]).map((value) =>
      value !== null && isStreamId(value) ? idUpTo(value) : undefined,
    );
  }
}
