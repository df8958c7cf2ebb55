import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { raceAbort } from "@parley/async";
import type { LiveFeed } from "@parley/bus";
import { ChatError } from "@parley/models";
import { rejectUpgrade } from "@parley/service";
import { Joining } from "../connection/pending-connection.ts";
import type { Audiences } from "../connection/registry.ts";
import type { Observe } from "../events.ts";
import type { Admission, Admitted } from "./admission.ts";
import type { ConnectionCounts } from "./connection-limiter.ts";
import type { ChatSocket, ChatSocketServer } from "./socket-server.ts";

export interface HandshakesParts {
  readonly admission: Admission;
  readonly counts: ConnectionCounts;
  readonly audiences: Audiences;
  readonly live: LiveFeed;
  readonly server: ChatSocketServer;
  readonly opened: (entrance: Entrance, ws: ChatSocket, socket: Duplex) => void;
  readonly observe: Observe;
  readonly timeoutMs: number;
  readonly maxPendingBytes: number;
}

/** All that is known of a connection when its socket is upgraded. */
export interface Entrance extends Admitted {
  readonly id: string;
  readonly joining: Joining;
  readonly cursor: string;
}

interface Handshake {
  readonly id: string;
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Aborted with the reason when it takes too long, or its socket is gone. */
  readonly signal: AbortSignal;
}

const RETRY_AFTER_MS = 1_000;

/**
 * From the request to the upgrade. The user is joined before the answer is sent: an open WebSocket hears everything,
 * whether or not the client is told `ready` (P5, P22), and a log that cannot be joined is a plain 503 (P3).
 *
 * After every wait the world may have changed: the socket may be gone, the time over, the process draining. What was
 * taken by then (a place, the join) is given back on each way out but the one that opens a connection.
 */
export class Handshakes {
  readonly #parts: HandshakesParts;
  readonly #ids = new WeakMap<IncomingMessage, string>();

  constructor(parts: HandshakesParts) {
    this.#parts = parts;
    parts.server.on("wsClientError", (_error, socket, req) => {
      const error = new ChatError("invalid_parameter", { message: "This is not a WebSocket handshake." });
      const headers = { "sec-websocket-version": "13" };
      rejectUpgrade(socket, error, { requestId: this.#ids.get(req) ?? "", headers });
    });
  }

  upgrade(id: string, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const over = new AbortController();
    const gone = () => over.abort(new SocketGone());
    const late = new ChatError("unavailable", { retryAfterMs: RETRY_AFTER_MS });
    const timer = setTimeout(() => over.abort(late), this.#parts.timeoutMs);
    socket.once("close", gone);
    const handshake = { id, req, socket, head, signal: over.signal };
    this.#ids.set(req, id);
    void this.#enter(handshake)
      .catch((error: unknown) => this.#refuse(handshake, error))
      .finally(() => {
        clearTimeout(timer);
        socket.off("close", gone);
      });
  }

  async #enter(handshake: Handshake): Promise<void> {
    const { counts, admission } = this.#parts;
    const admitted = await raceAbort(admission.identify(handshake.req), handshake.signal);
    admission.assertRoom(admitted);
    const { identity, address } = admitted;
    counts.add(identity.user, address);
    let isOpen = false;
    try {
      isOpen = await this.#join(handshake, admitted);
    } finally {
      if (!isOpen) counts.remove(identity.user, address);
    }
  }

  async #join(handshake: Handshake, admitted: Admitted): Promise<boolean> {
    const { audiences, live, admission, maxPendingBytes } = this.#parts;
    const { signal, id } = handshake;
    const joining = new Joining(admitted.identity.user, maxPendingBytes);
    audiences.enter(joining);
    try {
      const cursor = await raceAbort(joining.cursorFrom(live, signal), signal);
      admission.assertNotDraining();
      return this.#open(handshake, { ...admitted, id, joining, cursor });
    } finally {
      audiences.exit(joining);
    }
  }

  /** ws gets to see no subprotocol but the one that is selected: so it can echo no token (P2). */
  #open({ req, socket, head }: Handshake, entrance: Entrance): boolean {
    const { subprotocol } = entrance;
    if (subprotocol) req.headers["sec-websocket-protocol"] = subprotocol;
    else delete req.headers["sec-websocket-protocol"];
    let isOpen = false;
    this.#parts.server.handleUpgrade(req, socket, head, (ws) => {
      isOpen = true;
      this.#parts.opened(entrance, ws, socket);
    });
    return isOpen;
  }

  #refuse({ id, socket }: Handshake, reason: unknown): void {
    if (reason instanceof SocketGone) return;
    const { observe } = this.#parts;
    const error = reason instanceof ChatError ? reason : new ChatError("internal", { cause: reason });
    if (error.code === "internal") observe({ type: "failure", request: id, error: error.cause });
    observe({ type: "refused", request: id, code: error.code, upgrade: true });
    rejectUpgrade(socket, error, { requestId: id });
  }
}

/** The client went away before it was answered. */
class SocketGone extends Error {
  override readonly name = "SocketGone";
}
