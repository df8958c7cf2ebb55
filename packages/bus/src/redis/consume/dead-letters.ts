import { idAfter } from "@parley/models";
import type { DeadLetter, DeadLetters } from "../../consumer.ts";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { draftArgs, encodeDraft } from "../format/encoded-draft.ts";
import { decodeEntry } from "../format/entry.ts";
import { GROUP } from "../format/keys.ts";
import { entriesOf, type RawEntry, recordOf, textsOf } from "../format/replies.ts";
import { idOfEntry, isStreamId, streamIdOf } from "../format/stream-id.ts";
import { readHead } from "../log/log-reader.ts";
import { MOVE_TO_DEAD_LETTERS, REPLAY_DEAD_LETTER } from "../script/scripts.ts";

/** At this number of dead letters, further entries stay in the log until an operator replays or drops some (G4, G5). */
const MAX_DEAD_LETTERS = 10_000;
const FULL = "there are too many dead letters: replay or drop some";

/** A log entry that can't be decoded, and the reason why. */
export interface Undecodable {
  readonly position: string;
  readonly reason: string;
}

/** The dead letters, kept in their own stream in Redis. */
export class RedisDeadLetters implements DeadLetters {
  readonly #link: Link;
  readonly #context: Pick<Context, "names" | "highestId" | "observe">;

  constructor(link: Link, context: Pick<Context, "names" | "highestId" | "observe">) {
    this.#link = link;
    this.#context = context;
  }

  /** Moves entries from the log to the dead letters (L10). If some had to stay in the log, returns the reason. */
  async moveFromLog(entries: readonly Undecodable[]): Promise<string | undefined> {
    if (entries.length === 0) return undefined;
    const { names, observe } = this.#context;
    const pairs = entries.flatMap(({ position, reason }) => [position, reason]);
    const args = [GROUP, MAX_DEAD_LETTERS, new Date().toISOString(), ...pairs];
    const keys = [names.log, names.deadLetters];
    const answers = textsOf(await this.#link.run((client) => MOVE_TO_DEAD_LETTERS.run(client, keys, args)));
    let problem: string | undefined;
    answers.forEach((answer, index) => {
      const entry = entries[index];
      if (answer === "moved" && entry) observe({ type: "dead-letter", ...entry });
      else if (answer !== "gone") problem = answer === "full" ? FULL : answer;
    });
    return problem;
  }

  async list({ after, limit }: { readonly after?: string; readonly limit: number }): Promise<DeadLetter[]> {
    if (after !== undefined && !isStreamId(after)) return [];
    const start = after === undefined ? "-" : `(${after}`;
    const { deadLetters } = this.#context.names;
    const reply = await this.#link.run((client) => client.xrange(deadLetters, start, "+", "COUNT", limit));
    return entriesOf(reply).map(deadLetterFrom);
  }

  async replay(id: string): ReturnType<DeadLetters["replay"]> {
    if (!isStreamId(id)) return "not_found";
    const { names, highestId } = this.#context;
    const found = await this.#link.run((client) => client.xrange(names.deadLetters, id, id));
    const [entry] = entriesOf(found);
    if (!entry) return "not_found";
    // The entry gets a new id at the log's end. So a change of a message after it stays a dead letter (L28): a made-up id
    // must not raise the ids of this log.
    const { end } = await this.#link.run((client) => readHead(client, names));
    const decoded = decodeEntry(
      streamIdOf(idAfter(end)),
      Object.entries(deadLetterFrom(entry).fields).flat(),
    );
    if (decoded.kind !== "known") return "undecodable";
    const args = [streamIdOf(highestId.value), id, ...draftArgs(encodeDraft(decoded.entry, names))];
    const keys = [names.log, names.meta, names.deadLetters];
    const answer = String(await this.#link.run((client) => REPLAY_DEAD_LETTER.run(client, keys, args)));
    if (answer === "gone") return "not_found";
    if (answer === "^") return "not_enabled";
    const newId = answer.startsWith("+") ? idOfEntry(answer.slice(1)) : undefined;
    if (newId === undefined) throw unavailable(`the dead letter was not appended to the log: ${answer}`);
    highestId.raise(newId);
    return "replayed";
  }

  async drop(id: string): Promise<"dropped" | "not_found"> {
    if (!isStreamId(id)) return "not_found";
    const dropped = await this.#link.run((client) => client.xdel(this.#context.names.deadLetters, id));
    return dropped > 0 ? "dropped" : "not_found";
  }
}

function deadLetterFrom([id, raw]: RawEntry): DeadLetter {
  const fields = recordOf(raw);
  const { position = "", reason = "", at = "", entry = "[]" } = fields;
  return { id, position, reason, at, fields: recordOf(textsOf(JSON.parse(entry))) };
}
