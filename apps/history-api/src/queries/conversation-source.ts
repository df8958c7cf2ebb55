import type { StoredMessage } from "@parley/models";
import type { Store } from "@parley/store";
import type { Deadline } from "../limits/deadline.ts";
import type { TailSnapshot } from "../log-tail/log-follower.ts";
import type { Merge } from "./merge.ts";
import type { MergeSource } from "./merged-page.ts";
import { PresentContent } from "./present-content.ts";
import { selectRange } from "./range.ts";
import type { RefLookup } from "./ref-lookup.ts";

export interface ConversationSourceDeps {
  readonly store: Pick<Store, "page" | "findByIds">;
  readonly refLookup: RefLookup;
  readonly conversation: string;
  /** The conversation's messages and changes in the tail. */
  readonly tail: Pick<TailSnapshot, "pending" | "changes" | "refs">;
  readonly merge: Merge;
  readonly deadline: Deadline;
  /** True for messages without their content and meta. */
  readonly withoutContent?: boolean;
}

/** Returns the reads of a conversation's messages, within a deadline. */
export function conversationSource(deps: ConversationSourceDeps): MergeSource {
  const { store, refLookup, conversation, tail, merge, deadline, withoutContent = false } = deps;
  const presentContent = new PresentContent({ tails: [tail], store, deadline });
  return {
    stored: (range) =>
      deadline.during("store", (signal) => store.page(conversation, { ...range, withoutContent, signal })),
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
