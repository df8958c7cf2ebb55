import type { Attack } from "../attack.ts";
import { escapedContent } from "./escaped-content.ts";
import { authFrames, garbageFrames, markFrames, pingFrames } from "./frame-floods.ts";
import { fullBacklog, fullBacklogBytes } from "./full-backlog.ts";
import { fullRefs } from "./full-refs.ts";
import { halfHandshakes, idleConnections, slowloris } from "./held-connections.ts";
import { pipelinedHandshakes } from "./pipelined-handshakes.ts";
import { pipelinedHistory } from "./pipelined-history.ts";
import { syncLoops } from "./sync-loops.ts";
import { tinyChunks } from "./tiny-chunks.ts";
import { emptyPongs, tinyFragments } from "./tiny-frames.ts";
import { unreadConversations, unreadConversationsOfFour } from "./unread-conversations.ts";
import { upgradeReset } from "./upgrade-reset.ts";
import { unknownKeys, wrongTokens } from "./wrong-tokens.ts";

/** All attacks, in the order of the report. */
export const ATTACKS: readonly Attack[] = [
  upgradeReset,
  pipelinedHistory,
  pipelinedHandshakes,
  wrongTokens,
  unknownKeys,
  idleConnections,
  slowloris,
  halfHandshakes,
  unreadConversations,
  unreadConversationsOfFour,
  escapedContent,
  emptyPongs,
  tinyFragments,
  tinyChunks,
  syncLoops,
  fullBacklog,
  fullBacklogBytes,
  fullRefs,
  garbageFrames,
  authFrames,
  pingFrames,
  markFrames,
];
