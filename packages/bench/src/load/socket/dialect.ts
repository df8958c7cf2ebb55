import { SUBPROTOCOL } from "@parley/models";

/** What a frame is to the load generator. `error`: a send was refused. `ping`: wants the dialect's `pong`. */
export type FrameKind = "message" | "ack" | "error" | "ready" | "ping" | "other";

/** How one kind of server is spoken to over WebSocket. Everything else of the load generator is the same for all. */
export interface Dialect {
  /** Headers of the handshake, the token among them where it is sent so. */
  headers(token: string): Readonly<Record<string, string>>;
  /** What is said first once the server has upgraded, where it wants something. */
  greeting?(token: string): string;
  /** Whether a `ready` follows the handshake that has to be waited for. */
  readonly saysReady: boolean;
  /** Whether each send is answered, with `ack` or `error`. */
  readonly answers: boolean;
  readonly pong?: string;
  /** Told from as few bytes as can be: it is asked for every frame. */
  kindOf(data: Buffer, start: number, length: number): FrameKind;
  /** The payload that sends `content` to a user, or with "" to everybody, and asks for an answer where there are any. */
  message(to: string, content: string, ref: string): string;
}

export type DialectName = keyof typeof DIALECTS;

/** `{"type":"message"…`: the byte that tells most types apart. */
const TYPE_AT = '{"type":"'.length;
const [A, E, M, R] = [0x61, 0x65, 0x6d, 0x72];

const parley: Dialect = {
  headers: (token) => ({ "Sec-WebSocket-Protocol": `${SUBPROTOCOL}, bearer.${token}` }),
  saysReady: true,
  answers: true,
  kindOf(data, start) {
    switch (data[start + TYPE_AT]) {
      case M:
        return "message";
      case A:
        return "ack";
      case E:
        return "error";
      case R:
        // `ready`, not `reconnect`.
        return data[start + TYPE_AT + 2] === A ? "ready" : "other";
      default:
        return "other";
    }
  },
  message: (to, content, ref) => `{"to":"${to}","content":"${content}","ref":"${ref}"}`,
};

/** The same JSON without anything around it. */
const tutorial: Dialect = {
  headers: (token) => ({ Authorization: `Bearer ${token}` }),
  saysReady: false,
  answers: false,
  kindOf: (data, start) => (data[start + TYPE_AT] === M ? "message" : "other"),
  message: (to, content) => `{"to":"${to}","content":"${content}"}`,
};

/** Digits of Engine.IO and Socket.IO: open 0, ping 2, message 4; within it connect 0, event 2, refused 4. */
const [DIGIT_0, DIGIT_2, DIGIT_4] = [0x30, 0x32, 0x34];

/** Engine.IO 4 over WebSocket alone, and the default namespace. */
const socketIo: Dialect = {
  headers: () => ({}),
  greeting: (token) => `40{"token":"${token}"}`,
  saysReady: true,
  answers: false,
  pong: "3",
  kindOf(data, start, length) {
    if (data[start] === DIGIT_2) return "ping";
    if (data[start] !== DIGIT_4 || length < 2) return "other";
    switch (data[start + 1]) {
      case DIGIT_2:
        return "message";
      case DIGIT_0:
        return "ready";
      case DIGIT_4:
        return "error";
      default:
        return "other";
    }
  },
  message: (to, content) => `42["message",{"to":"${to}","content":"${content}"}]`,
};

export const DIALECTS = { parley, tutorial, socketIo } satisfies Record<string, Dialect>;
