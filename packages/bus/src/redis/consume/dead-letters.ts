import type { DeadLetter, DeadLetters } from "../../consumer.ts";
import type { Observe } from "../../events.ts";
import type { Link } from "../connection/link.ts";
import { unavailable } from "../errors.ts";
import { draftArgs, encodeDraft } from "../format/encoded-draft.ts";
import { decodeEntry } from "../format/entry.ts";
import { DEAD_LETTERS, GROUP, LOG, META } from "../format/keys.ts";
import { entriesOf, type RawEntry, recordOf, textsOf } from "../format/replies.ts";
import { idOfEntry, isStreamId, streamIdOf } from "../format/stream-id.ts";
import type { HighestId } from "../log/highest-id.ts";
import { MOVE_TO_DEAD_LETTERS, REPLAY_DEAD_LETTER } from "../script/scripts.ts";

/** At this number of dead letters, further entries stay in the log until an operator replays or drops some (G4, G5). */
const MAX_DEAD_LETTERS = 10_000;
const FULL = "there are too many dead letters: replay or drop some";

/** A log entry that isn't a message, and the reason why it isn't. */
export interface Undecodable {
  readonly position: string;
  readonly reason: string;
}

/** The dead letters, kept in their own stream in Redis. */
export class RedisDeadLetters implements DeadLetters {
  readonly #link: Link;
  readonly #highestId: HighestId;
  readonly #observe: Observe;

  constructor(link: Link, highestId: HighestId, observe: Observe) {
    this.#link = link;
    this.#highestId = highestId;
    this.#observe = observe;
  }

  /** Moves entries from the log to the dead letters (L10). If some had to stay in the log, returns the reason. */
  async moveFromLog(entries: readonly Undecodable[]): Promise<string | undefined> {
    if (entries.length === 0) return undefined;
    const pairs = entries.flatMap(({ position, reason }) => [position, reason]);
    const args = [GROUP, MAX_DEAD_LETTERS, new Date().toISOString(), ...pairs];
    const answers = textsOf(
      await this.#link.run((client) => MOVE_TO_DEAD_LETTERS.run(client, [LOG, DEAD_LETTERS], args)),
    );
    let problem: string | undefined;
    answers.forEach((answer, index) => {
      const entry = entries[index];
      if (answer === "moved" && entry) this.#observe({ type: "dead-letter", ...entry });
      else if (answer !== "gone") problem = answer === "full" ? FULL : answer;
    });
    return problem;
  }

  async list({ after, limit }: { readonly after?: string; readonly limit: number }): Promise<DeadLetter[]> {
    if (after !== undefined && !isStreamId(after)) return [];
    const start = after === undefined ? "-" : `(${after}`;
    const reply = await this.#link.run((client) => client.xrange(DEAD_LETTERS, start, "+", "COUNT", limit));
    return entriesOf(reply).map(deadLetterFrom);
  }

  async replay(id: string): Promise<"replayed" | "undecodable" | "not_found"> {
    if (!isStreamId(id)) return "not_found";
    const found = await this.#link.run((client) => client.xrange(DEAD_LETTERS, id, id));
    const [entry] = entriesOf(found);
    if (!entry) return "not_found";
    // The position doesn't matter here: the message gets a new id.
    const decoded = decodeEntry("0-1", Object.entries(deadLetterFrom(entry).fields).flat());
    if (decoded.kind !== "message") return "undecodable";
    const args = [streamIdOf(this.#highestId.value), id, ...draftArgs(encodeDraft(decoded.message))];
    const keys = [LOG, META, DEAD_LETTERS];
    const answer = String(await this.#link.run((client) => REPLAY_DEAD_LETTER.run(client, keys, args)));
    if (answer === "gone") return "not_found";
    const newId = answer.startsWith("+") ? idOfEntry(answer.slice(1)) : undefined;
    if (newId === undefined) throw unavailable(`the dead letter was not appended to the log: ${answer}`);
    this.#highestId.raise(newId);
    return "replayed";
  }

  async drop(id: string): Promise<"dropped" | "not_found"> {
    if (!isStreamId(id)) return "not_found";
    const dropped = await this.#link.run((client) => client.xdel(DEAD_LETTERS, id));
    return dropped > 0 ? "dropped" : "not_found";
  }
}

function deadLetterFrom([id, raw]: RawEntry): DeadLetter {
  const fields = recordOf(raw);
  const { position = "", reason = "", at = "", entry = "[]" } = fields;
  return { id, position, reason, at, fields: recordOf(textsOf(JSON.parse(entry))) };
}
