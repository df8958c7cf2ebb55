import type { ChatState, Conversation, Listed, Pending } from "./state.ts";

/** The conversations as they are listed: the public room, then whoever was talked with last. */
export function listed({ conversations, outbox, open }: ChatState): Conversation[] {
  const waiting = new Set(outbox.map(({ to }) => to));
  // One that was opened a moment ago and holds nothing yet stands where it will stand once something was said.
  const rank = ({ with: partner, last }: Conversation) =>
    last === undefined || waiting.has(partner) ? "9" : last.id;
  const shown = [...conversations.values()].filter(
    ({ with: partner, last }) => partner === "" || last || partner === open || waiting.has(partner),
  );
  return shown.sort((a, b) => {
    if (a.with === "" || b.with === "") return a.with === "" ? -1 : 1;
    const [one, other] = [rank(a), rank(b)];
    return one === other ? 0 : one > other ? -1 : 1;
  });
}

/** What of the outbox is shown in a conversation, besides the messages that came. */
export function pendingIn({ outbox }: ChatState, partner: string): Pending[] {
  return outbox.filter(
    ({ to, phase, seenAs }) =>
      to === partner && (seenAs === undefined || phase === "failed" || phase === "unknown"),
  );
}

/** A browser keeps some 5 million characters for a page: so many conversations, with the beginning of what was said last. */
const MOST_SAVED = 500;
const SAVED_CHARACTERS = 200;

/** What of the list is written down for the next time. */
export function worthKeeping(state: ChatState): Listed[] {
  return listed(state)
    .slice(0, MOST_SAVED)
    .flatMap(({ with: partner, last, unread }) =>
      last
        ? [{ with: partner, last: { ...last, content: last.content.slice(0, SAVED_CHARACTERS) }, unread }]
        : [],
    );
}

export function unreadIn({ conversations }: ChatState): number {
  return [...conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
}
