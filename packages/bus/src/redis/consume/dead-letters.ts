import type { DeadLetter, DeadLetters } from "../../consumer.ts";
import type { Observe } from "../../events.ts";
import type { Link } from "../connection/link.ts";
import { unavailable } from "../errors.ts";
import { draftArgs, encodeDraft } from "../format/encoded-draft.ts";
import { decodeEntry } from "../format/entry.ts";
import { DEAD_LETTERS, GROUP, LOG, META } from "../format/keys.ts";
import { entriesOf, type RawEntry, textsOf } from "../format/replies.ts";
import { idOfEntry, isStreamId, streamIdOf } from "../format/stream-id.ts";
import type { HighestId } from "../log/highest-id.ts";
import { MOVE_TO_DEAD_LETTERS, REPLAY_DEAD_LETTER } from "../script/scripts.ts";

/** At this many nothing more is moved out of the log: somebody has to look (G4, G5). */
const MAX_DEAD_LETTERS = 10_000;

/** An entry that is no message, and why. */
export interface Undecodable {
  readonly position: string;
  readonly reason: string;
}

export class RedisDeadLetters implements DeadLetters {
  readonly #link: Link;
  readonly #highestId: HighestId;
  readonly #observe: Observe;

  constructor(link: Link, highestId: HighestId, observe: Observe) {
    this.#link = link;
    this.#highestId = highestId;
    this.#observe = observe;
  }

  /** Moves entries here, out of the log. Says why some of them had to stay, or undefined (L10). */
  async bury(entries: readonly Undecodable[]): Promise<string | undefined> {
    if (entries.length === 0) return undefined;
    const named = entries.flatMap(({ position, reason }) => [position, reason]);
    const args = [GROUP, MAX_DEAD_LETTERS, new Date().toISOString(), ...named];
    const answers = textsOf(
      await this.#link.run((client) => MOVE_TO_DEAD_LETTERS.run(client, [LOG, DEAD_LETTERS], args)),
    );
    let stayed: string | undefined;
    answers.forEach((answer, index) => {
      const entry = entries[index];
      if (answer === "moved" && entry) this.#observe({ type: "dead-letter", ...entry });
      else if (answer !== "gone") stayed = answer === "full" ? "there are too many dead letters" : answer;
    });
    return stayed;
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
    // Where it stood does not matter: it gets a new place.
    const decoded = decodeEntry("0-1", Object.entries(deadLetterFrom(entry).fields).flat());
    if (decoded.kind !== "message") return "undecodable";
    const args = [streamIdOf(this.#highestId.value), id, ...draftArgs(encodeDraft(decoded.message))];
    const keys = [LOG, META, DEAD_LETTERS];
    const answer = String(await this.#link.run((client) => REPLAY_DEAD_LETTER.run(client, keys, args)));
    if (answer === "gone") return "not_found";
    const again = answer.startsWith("+") ? idOfEntry(answer.slice(1)) : undefined;
    if (again === undefined) throw unavailable(`not appended: ${answer}`);
    this.#highestId.raise(again);
    return "replayed";
  }

  async drop(id: string): Promise<"dropped" | "not_found"> {
    if (!isStreamId(id)) return "not_found";
    const dropped = await this.#link.run((client) => client.xdel(DEAD_LETTERS, id));
    return dropped > 0 ? "dropped" : "not_found";
  }
}

function deadLetterFrom([id, raw]: RawEntry): DeadLetter {
  const fields = pairs(raw);
  const { position = "", reason = "", at = "", entry = "[]" } = fields;
  return { id, position, reason, at, fields: pairs(textsOf(JSON.parse(entry))) };
}

function pairs(flat: readonly string[]): Partial<Record<string, string>> & Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < flat.length; i += 2) record[flat[i] ?? ""] = flat[i + 1] ?? "";
  return record;
}
