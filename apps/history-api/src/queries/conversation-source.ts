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
}

/** Returns the reads of a conversation's messages, within a deadline. */
export function conversationSource(deps: ConversationSourceDeps): MergeSource {
  const { store, refLookup, conversation, tail, merge, deadline } = deps;
  const presentContent = new PresentContent({ tails: [tail], store, deadline });
  return {
    stored: (range) => deadline.during("store", (signal) => store.page(conversation, { ...range, signal })),
    pending: (range) => selectRange(tail.pending, range, () => true),
    findByRef: (messages) => refLookup.findWithin(deadline, messages, tail.refs),
    merge,
    present: (messages) => presentContent.of(messages),
  };
}
