import type { Message } from "@parley/client";
import type { ChatState, Conversation } from "../state.ts";

/** What is known of the user's own message: the server has it, or the other user has seen it, too. */
export type Receipt = "sent" | "seen";

/** Returns the receipt of the user's own message in a private conversation. Undefined if the server tells none. */
export function receiptOf(
  { me, hasReceipts }: ChatState,
  conversation: Conversation | undefined,
  { id, from, to, deleted }: Message,
): Receipt | undefined {
  if (!hasReceipts || !conversation || from !== me || to === "" || to === me || deleted) return undefined;
  return id <= conversation.readBy ? "seen" : "sent";
}
