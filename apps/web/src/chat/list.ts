import type { ChatState, Conversation, Pending } from "./state.ts";

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

export function unreadIn({ conversations }: ChatState): number {
  return [...conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
}
