import { SUBPROTOCOL } from "@parley/models";

/** Kinds of frames. `error`: a message was refused. `ping`: must be answered with the dialect's `pong`. */
export type FrameKind = "message" | "ack" | "error" | "ready" | "ping" | "other";

/** One server's protocol over WebSocket. Everything else in the load generator is the same for all servers. */
export interface Dialect {
  /** Headers of the handshake, including the token if the server expects it there. */
  headers(token: string): Readonly<Record<string, string>>;
  /** Returns the payload to send right after the upgrade. Missing if the server expects none. */
  greeting?(token: string): string;
  /** True if the server sends a `ready` after the handshake. The connection waits for it. */
  readonly isReadyAnnounced: boolean;
  /** True if the server answers each message with `ack` or `error`. */
  readonly acknowledges: boolean;
  /** True if a frame may hold several messages, one a line. */
  readonly hasLines?: boolean;
  readonly pong?: string;
  /** Classifies a frame. Called for every frame, so it looks at as few bytes as possible. */
  kindOf(data: Buffer, start: number, length: number): FrameKind;
  /**
   * Returns the payload that sends `content` to a user, or to the public room if `to` is "". If the dialect has acks,
   * the payload asks for one.
   */
  message(to: string, content: string, ref: string): string;
}

export type DialectName = keyof typeof DIALECTS;

/** Offset in `{"type":"message"…` of the byte that distinguishes most types. */
const TYPE_AT = '{"type":"'.length;
const [A, E, M, R] = [0x61, 0x65, 0x6d, 0x72];

const parley: Dialect = {
  headers: (token) => ({ "Sec-WebSocket-Protocol": `${SUBPROTOCOL}, bearer.${token}` }),
  isReadyAnnounced: true,
  acknowledges: true,
  kindOf(data, start) {
    switch (data[start + TYPE_AT]) {
      case M:
        return "message";
      case A:
        return "ack";
      case E:
        return "error";
      case R:
        // `reconnect` starts with the same two letters, so the third letter decides.
        return data[start + TYPE_AT + 2] === A ? "ready" : "other";
      default:
        return "other";
    }
  },
  message: (to, content, ref) => `{"to":"${to}","content":"${content}","ref":"${ref}"}`,
};

/** The tutorial's protocol: the same JSON as Parley's, without refs and acks. */
const tutorial: Dialect = {
  headers: (token) => ({ Authorization: `Bearer ${token}` }),
  isReadyAnnounced: false,
  acknowledges: false,
  kindOf: (data, start) => (data[start + TYPE_AT] === M ? "message" : "other"),
  message: (to, content) => `{"to":"${to}","content":"${content}"}`,
};

/** Packet types. Engine.IO: open 0, ping 2, message 4. Socket.IO, within a message: connect 0, event 2, refused 4. */
const [DIGIT_0, DIGIT_2, DIGIT_4] = [0x30, 0x32, 0x34];

/** Socket.IO's protocol: Engine.IO 4 over WebSocket only, with the default namespace. */
const socketIo: Dialect = {
  headers: () => ({}),
  greeting: (token) => `40{"token":"${token}"}`,
  isReadyAnnounced: true,
  acknowledges: false,
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

const [C, I, P, COMMA, CLOSE] = [0x63, 0x69, 0x70, 0x2c, 0x7d];
/** Offset of the first name's first letter in `{"push":…` and `{"id":…`. */
const NAME_AT = '{"'.length;

/**
 * Centrifuge's JSON protocol. A client sends commands with an id, and gets a reply with the same id:
 * `{"id":7,"publish":{}}`, `{"id":7,"rpc":{}}` or `{"id":7,"error":{…}}`. `{"push":…}` holds what is published on a
 * channel of the client. `{}` is a ping, and its pong. The server subscribes each client to the public room and to its
 * user's channel.
 */
const centrifuge: Dialect = {
  headers: () => ({}),
  greeting: (token) => `{"id":1,"connect":{"token":"${token}"}}`,
  isReadyAnnounced: true,
  acknowledges: true,
  hasLines: true,
  pong: "{}",
  kindOf(data, start, length) {
    if (data[start + NAME_AT] === P) return "message";
    if (data[start + NAME_AT] !== I) return length === 2 && data[start + 1] === CLOSE ? "ping" : "other";
    let comma = start + NAME_AT;
    while (data[comma] !== COMMA && comma < start + length) comma += 1;
    switch (data[comma + NAME_AT]) {
      case P:
      case R:
        return "ack";
      case E:
        return "error";
      case C:
        return "ready";
      default:
        return "other";
    }
  },
  message(to, content, ref) {
    // An id is a number. Refs end with one, after a hyphen.
    const id = ref.slice(ref.lastIndexOf("-") + 1);
    const data = `{"to":"${to}","content":"${content}"}`;
    return to === ""
      ? `{"id":${id},"publish":{"channel":"public","data":${data}}}`
      : `{"id":${id},"rpc":{"method":"message","data":${data}}}`;
  },
};

/** All dialects by name. */
export const DIALECTS = { parley, tutorial, socketIo, centrifuge } satisfies Record<string, Dialect>;
