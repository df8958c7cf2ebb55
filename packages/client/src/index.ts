export { connect, type ParleyClient, type State } from "./client.ts";
export { type ClientErrorCode, ParleyError } from "./errors.ts";
export type { Conversation, ConversationsPage, HistoryPage } from "./http/http.ts";
export { requestToken } from "./http/token-request.ts";
export type { Observable } from "./observable.ts";
export type { ConnectOptions } from "./options.ts";
export type { SendOptions } from "./sending/sends.ts";
export type { Message, Receipt } from "./wire.ts";
