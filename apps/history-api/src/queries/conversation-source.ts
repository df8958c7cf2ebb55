import type { StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import type { Merge } from "./merge.ts";
import type { MergeSource } from "./merged-page.ts";
import { PresentContent } from "./present-content.ts";
import { type RangeQuery, selectRange } from "./range.ts";
import type { RefLookup } from "./ref-lookup.ts";

/** Reads a range of a conversation's messages in the store. */
export type ReadStored = (range: RangeQuery, signal: AbortSignal) => Promise<readonly StoredMessage[]>;

export interface ConversationSourceDeps {
  readonly store: Pick<Store, "findByIds">;
  readonly refLookup: RefLookup;
  readonly readStored: ReadStored;
  /** The conversation's messages and changes in the tail. */
  readonly tail: Pick<TailSnapshot, "pending" | "changes" | "refs">;
  readonly merge: Merge;
  readonly deadline: Deadline;
  /** True to leave out the content and meta of all messages, as `readStored` does. */
  readonly withoutContent?: boolean;
}

/** Returns the reads of a conversation's messages, within a deadline. */
export function conversationSource(deps: ConversationSourceDeps): MergeSource {
  const { store, refLookup, readStored, tail, merge, deadline, withoutContent = false } = deps;
  const presentContent = new PresentContent({ tails: [tail], store, deadline });
  return {
    stored: (range) => deadline.during("store", (signal) => readStored(range, signal)),
    pending: (range) => selectRange(tail.pending, range, () => true),
    findByRef: (messages) => refLookup.findWithin(deadline, messages, tail.refs),
    merge,
    present: async (messages) => {
      const present = await presentContent.of(messages);
      return withoutContent ? present.map(bare) : present;
    },
  };
}

/** Returns a message without its content. Pending messages have it, and so do messages with a pending edit. */
function bare(message: StoredMessage): StoredMessage {
  if (message.content === "" && message.meta === undefined) return message;
  const { meta: _, ...rest } = message;
  return { ...rest, content: "" };
}
