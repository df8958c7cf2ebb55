export {
  type Body,
  decodeBody,
  decodeBodyWithMeta,
  encodeBody,
  messageFrame,
  messageJson,
} from "./body.ts";
export { applyChange, hasEffectOn, isTargetOf } from "./changes/apply-change.ts";
export {
  CHANGE_KINDS,
  CHANGE_TYPES,
  type ChangeDraft,
  changeFrame,
  type Deletion,
  decodeChange,
  type Edit,
  type EntryDraft,
  encodeChange,
  isChange,
  isChangeKind,
  type LogChange,
  type LogEntry,
  positionOf,
} from "./changes/changes.ts";
export { ChatError, CLOSE, ERROR_CODES, ERRORS, type ErrorCode } from "./codes.ts";
export { conversationOf, isVisibleTo, PUBLIC_CONVERSATION, refKey } from "./conversations.ts";
export { changeDigest, contentDigest, isSameContent } from "./digest.ts";
export { type ClientFrame, clientFrames, type ServerFrame, serverFrames } from "./frames.ts";
export {
  DEFAULT_LIMIT,
  editRequest,
  MAX_WAIT_SECONDS,
  queries,
  responses,
  type SendRequest,
  sendRequest,
  tokenRequest,
} from "./http.ts";
export {
  formatId,
  idAfter,
  idBefore,
  isId,
  laterOf,
  MAX_MS,
  MAX_SEQ,
  nextPosition,
  ORIGIN,
  type Position,
  parseId,
  timestampOf,
} from "./ids.ts";
export type { Draft, LogMessage, Message, StoredMessage } from "./message.ts";
export { isMeta, MAX_META_BYTES, metaFault } from "./meta.ts";
export {
  decodeRevocation,
  encodeRevocation,
  hasEffect,
  type Revocation,
  type RevocationEntry,
  RevocationSet,
  type RevocationTimes,
} from "./revocations/revocations.ts";
export { idAtTime, idBeforeTime, parseTime } from "./times.ts";
export { isUsername } from "./username.ts";
export {
  ackFrame,
  DEFAULT_MAX_CONTENT_BYTES,
  type Decoded,
  type DecodedEditRequest,
  type DecodedSendRequest,
  decodeClientFrame,
  decodeEditRequest,
  decodeSendRequest,
  encodeServerFrame,
  errorFrame,
  MAX_FRAME_BYTES,
  SUBPROTOCOL,
} from "./wire.ts";
