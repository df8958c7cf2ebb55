import type { LogMessage } from "@parley/models";
import type { Link } from "../connection/link.ts";
import type { Context } from "../context.ts";
import { unavailable } from "../errors.ts";
import { outgoing, outgoingArgs } from "../format/encoded-draft.ts";
import { GROUP, LOG, META, REFS } from "../format/keys.ts";
import { idOfEntry, streamIdOf } from "../format/stream-id.ts";
import { REAPPEND } from "../script/scripts.ts";

/** Gives a message a new id, whose own the store has given to another one, and settles it (L13). */
export async function appendAgain(
  link: Link,
  message: LogMessage,
  { seen, config, observe }: Pick<Context, "seen" | "config" | "observe">,
): Promise<void> {
  const keys = [LOG, META, ...REFS];
  const own = outgoingArgs(outgoing(message));
  const times = [config.dedupeWindowMs, Date.now()];
  const args = [streamIdOf(seen.greatest), streamIdOf(message.id), ...own, GROUP, ...times];
  const answer = String(await link.run((client) => REAPPEND.run(client, keys, args)));
  // Another consumer was faster.
  if (answer === "settled") return;
  const again = answer.startsWith("+") ? idOfEntry(answer.slice(1)) : undefined;
  if (again === undefined) throw unavailable(`not appended again: ${answer}`);
  seen.raise(again);
  observe({ type: "id-conflict", id: message.id, again });
}
