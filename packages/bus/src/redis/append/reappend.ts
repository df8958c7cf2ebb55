import { type LogEntry, positionOf } from "@parley/models";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { draftArgs, encodeDraft } from "../format/encoded-draft.ts";
import { GROUP } from "../format/keys.ts";
import { idOfEntry, streamIdOf } from "../format/stream-id.ts";
import { REAPPEND } from "../script/scripts.ts";

/**
 * Appends an entry again under a new id, because the store has another entry under its id (L13). Acknowledges and
 * deletes the old one. Does nothing if another consumer has settled the old one already.
 */
export async function reappend(
  link: Link,
  entry: LogEntry,
  { names, highestId, config, observe }: Pick<Context, "names" | "highestId" | "config" | "observe">,
): Promise<void> {
  const keys = [names.log, names.meta, ...names.refs];
  const id = positionOf(entry);
  const args = [
    ...[streamIdOf(highestId.value), streamIdOf(id), ...draftArgs(encodeDraft(entry, names))],
    ...[GROUP, config.dedupeWindowMs],
  ];
  const answer = String(await link.run((client) => REAPPEND.run(client, keys, args)));
  if (answer === "settled") return;
  const again = answer.startsWith("+") ? idOfEntry(answer.slice(1)) : undefined;
  if (again === undefined) throw unavailable(`not appended again: ${answer}`);
  highestId.raise(again);
  observe({ type: "id-conflict", id, again });
}
