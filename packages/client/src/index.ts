export { connect, type ParleyClient } from "./client.ts";
export { type ClientErrorCode, ParleyError } from "./errors.ts";
export type { Conversation, ConversationsPage, HistoryPage } from "./http/http-client.ts";
export { requestToken } from "./http/token-request.ts";
export type { Observable } from "./observable.ts";
export type { ConnectOptions } from "./options.ts";
export type { SendOptions } from "./sending/send-queue.ts";
export type { State } from "./state.ts";
export type { Message, Receipt } from "./wire.ts";
