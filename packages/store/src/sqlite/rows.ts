import { contentDigest, type StoredMessage } from "@parley/models";
import type { StoredChange } from "../change.ts";
import { PageCollector, type PageSize } from "../page-size.ts";

/** A row of a query, as `node:sqlite` returns it. */
export type Row = Record<string, unknown>;

/** Converts a row of `messages` to its message. */
export function messageOf(row: Row): StoredMessage {
  const { meta, ref, digest, also, change, deleted } = row;
  const [id, from, to, content] = [String(row.id), String(row.from), String(row.to), String(row.content)];
  return {
    ...{ id, from, to, content },
    ...(typeof meta === "string" && { meta }),
    ...(typeof ref === "string" && { ref }),
    ...(typeof digest === "string" && { digest }),
    ...(typeof also === "string" && { also }),
    ...(typeof change === "string" && { change }),
    ...(deleted === 1 && { deleted: true }),
  };
}

/** A row of a page without contents, in the order of its columns. Rows as arrays take half the time of rows as objects. */
export type RowWithoutContent = readonly unknown[];

/** Converts a row without content to its message. Its first content comes along if an earlier version kept no digest. */
export function messageWithoutContentOf(row: RowWithoutContent): StoredMessage {
  const [id, from, to, ref, digest, also, change, deleted, first, firstMeta] = row;
  const message = messageOf({ id, from, to, content: "", ref, digest, also, change, deleted });
  if (message.digest !== undefined) return message;
  const kept = { content: String(first), ...(typeof firstMeta === "string" && { meta: firstMeta }) };
  return { ...message, digest: contentDigest(kept) };
}

/** Converts a row of `changes` to its change. */
export function changeOf(row: Row): StoredChange {
  const { by, ref } = row;
  return {
    ...{ change: String(row.id), kind: row.kind === "delete" ? "delete" : "edit" },
    ...{ from: String(row.from), to: String(row.to), id: String(row.message), digest: String(row.first) },
    ...(typeof by === "string" && { by }),
    ...(typeof ref === "string" && { ref }),
    ownDigest: String(row.digest),
  };
}

/** Reads messages until the result is full. Ending the iteration early also ends the statement. */
export function collect<Read>(
  rows: Iterable<Read>,
  size: PageSize,
  convert: (row: Read) => StoredMessage,
): StoredMessage[] {
  const page = new PageCollector<StoredMessage>(size);
  for (const row of rows) if (page.add(convert(row))) break;
  return page.messages;
}
