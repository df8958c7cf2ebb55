import { SUBPROTOCOL } from "@parley/models";

/** What a frame is to the load generator. `error`: a send was refused. */
export type FrameKind = "message" | "ack" | "error" | "ready" | "other";

/** How one kind of server is spoken to over WebSocket. Everything else of the load generator is the same for all. */
export interface Dialect {
  /** Headers of the handshake that carry the token. */
  headers(token: string): Readonly<Record<string, string>>;
  /** Whether a `ready` follows the handshake that has to be waited for. */
  readonly saysReady: boolean;
  /** Told from as few bytes as can be: it is asked for every frame. */
  kindOf(data: Buffer, start: number, length: number): FrameKind;
  /** The payload that sends `content` to a user, or with "" to everybody, and asks for an ack. */
  message(to: string, content: string, ref: string): string;
}

export type DialectName = keyof typeof DIALECTS;

/** `{"type":"message"…`: the byte that tells most types apart. */
const TYPE_AT = '{"type":"'.length;
const [A, E, M, R] = [0x61, 0x65, 0x6d, 0x72];

const parley: Dialect = {
  headers: (token) => ({ "Sec-WebSocket-Protocol": `${SUBPROTOCOL}, bearer.${token}` }),
  saysReady: true,
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

export const DIALECTS = { parley } satisfies Record<string, Dialect>;
