import type { Socket } from "node:net";
import type { Attack } from "../attack.ts";
import { type Attacker, requestFor } from "../attacker/attacker.ts";

/**
 * 10 MB in few messages. A small store takes long to find many messages, which would be its own limit and not
 * Parley's.
 */
const MESSAGES = 2_000;
const CONTENT_BYTES = 5_000;
const PER_ACCOUNT = 64;
const conversation = (from: string, to: string) => ({ from, to, count: MESSAGES, bytes: CONTENT_BYTES });

/** An answer that the client doesn't read waits in the memory of the server. */
export const unreadConversations: Attack = {
  name: "unread-conversations",
  title: `${PER_ACCOUNT} whole conversations of ${(MESSAGES * CONTENT_BYTES) / 1e6} MB, none of them read, for one account`,
  shapes: ["split", "standalone"],
  perSecond: 100,
  unit: "requests",
  setup: { stored: [conversation("mallory-0", "mallory-1")] },
  run: (attacker) => requestUnread(attacker),
};

/** The same attack from several accounts, each of which stays within its own limits. */
export const unreadConversationsOfFour: Attack = {
  name: "unread-conversations-of-four",
  title: `the same for four accounts: ${4 * PER_ACCOUNT} whole conversations`,
  shapes: ["split", "standalone"],
  perSecond: 100,
  unit: "requests",
  accounts: 4,
  setup: { stored: [conversation("mallory-0", "mallory-1"), conversation("mallory-2", "mallory-3")] },
  run: (attacker) => requestUnread(attacker),
};

function requestUnread(attacker: Attacker): Promise<void> {
  return attacker.inParallel(attacker.tokens.length, async (account) => {
    // The accounts write to each other in pairs: 0 and 1, 2 and 3.
    const request = requestFor(`/messages/mallory-${account ^ 1}`, attacker.tokens[account]);
    const slots: (Socket | undefined)[] = Array.from({ length: PER_ACCOUNT });
    for (let slot = 0; await attacker.turn(); slot = (slot + 1) % PER_ACCOUNT) {
      const held = slots[slot];
      if (held && !held.destroyed) continue;
      const socket = await attacker.open(attacker.history);
      socket?.pause().write(request);
      slots[slot] = socket;
    }
  });
}
