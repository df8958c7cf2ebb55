import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { raceAbort } from "@parley/async";
import type { LiveFeed, MarkFeed } from "@parley/bus";
import { ChatError, SUBPROTOCOL } from "@parley/models";
import { rejectUpgrade } from "@parley/service";
import { PendingConnection } from "../connection/pending-connection.ts";
import type { ConnectionRegistry } from "../connection/registry.ts";
import type { Observe } from "../events.ts";
import type { Admission, AuthenticatedClient } from "./admission.ts";
import type { ConnectionLimiter } from "./connection-limiter.ts";
import type { ChatSocket, ChatSocketServer } from "./socket-server.ts";

export interface UpgradeHandlerDeps {
  readonly admission: Admission;
  readonly connectionLimiter: ConnectionLimiter;
  readonly registry: ConnectionRegistry;
  readonly live: LiveFeed;
  readonly markFeed: Pick<MarkFeed, "join">;
  readonly socketServer: ChatSocketServer;
  readonly openConnection: (upgrade: AcceptedUpgrade, ws: ChatSocket, socket: Duplex) => void;
  readonly observe: Observe;
  readonly timeoutMs: number;
  readonly maxPendingBytes: number;
  /** Steady clock, ms. */
  readonly now: () => number;
}

/** Everything that is known about a client when its socket is upgraded. */
export interface AcceptedUpgrade extends AuthenticatedClient {
  readonly id: string;
  readonly pending: PendingConnection;
  readonly cursor: string;
  /** When the request arrived (steady clock, ms). */
  readonly requestedAt: number;
}

interface UpgradeRequest {
  readonly id: string;
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly requestedAt: number;
  /** Aborted, with the reason, if the handshake takes too long or its socket closes. */
  readonly signal: AbortSignal;
}

const RETRY_AFTER_MS = 1_000;

/**
 * Handles a handshake from the request to the upgrade. The steps are: authenticate, count the connection against the
 * limits, subscribe to the user's messages, upgrade.
 *
 * The gateway subscribes before it answers. So an open WebSocket misses no message, even if its client isn't sent
 * `ready` (P5, P22). If the subscription fails, the answer is a plain 503 (P3).
 *
 * After every `await` the socket may have closed, the time may be up, or the process may be draining. The counted
 * connection and the subscription are released on every path except the one that opens a connection.
 */
export class UpgradeHandler {
  readonly #deps: UpgradeHandlerDeps;
  readonly #ids = new WeakMap<IncomingMessage, string>();

  constructor(deps: UpgradeHandlerDeps) {
    this.#deps = deps;
    deps.socketServer.on("wsClientError", (_error, socket, req) => {
      const error = new ChatError("invalid_parameter", {
        message: "This request is not a valid WebSocket handshake.",
      });
      const headers = { "sec-websocket-version": "13" };
      rejectUpgrade(req, socket, error, { requestId: this.#ids.get(req) ?? "", headers });
    });
  }

  handle(id: string, req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const controller = new AbortController();
    const onClose = () => controller.abort(new SocketClosedError());
    const onTimeout = () => controller.abort(new ChatError("unavailable", { retryAfterMs: RETRY_AFTER_MS }));
    const timer = setTimeout(onTimeout, this.#deps.timeoutMs);
    socket.once("close", onClose);
    const request = { id, req, socket, head, requestedAt: this.#deps.now(), signal: controller.signal };
    this.#ids.set(req, id);
    void this.#admit(request)
      .catch((error: unknown) => this.#refuse(request, error))
      .finally(() => {
        clearTimeout(timer);
        socket.off("close", onClose);
      });
  }

  async #admit(request: UpgradeRequest): Promise<void> {
    const { connectionLimiter, admission } = this.#deps;
    const { req, signal } = request;
    const client = await raceAbort(admission.authenticate(req, signal), signal);
    admission.assertCapacity(client);
    const { identity, address } = client;
    connectionLimiter.acquire(identity.user, address);
    let isOpen = false;
    try {
      isOpen = await this.#subscribe(request, client);
    } finally {
      if (!isOpen) connectionLimiter.release(identity.user, address);
    }
  }

  async #subscribe(request: UpgradeRequest, client: AuthenticatedClient): Promise<boolean> {
    const { registry, live, markFeed, admission, maxPendingBytes } = this.#deps;
    const { signal, id, requestedAt } = request;
    const pending = new PendingConnection({
      user: client.identity.user,
      speaksChat: client.subprotocol === SUBPROTOCOL,
      maxBytes: maxPendingBytes,
    });
    registry.addPending(pending);
    pending.joinMarks(markFeed);
    try {
      const cursor = await raceAbort(pending.subscribe(live, signal), signal);
      admission.assertNotDraining();
      // Nothing may come between this and the opening, from which on a change closes the connection (L26).
      admission.assertNotRevoked(client);
      const { identity, address, subprotocol } = client;
      return this.#upgrade(request, { identity, address, subprotocol, id, pending, cursor, requestedAt });
    } finally {
      registry.removePending(pending);
    }
  }

  /**
   * Upgrades the socket. First removes all subprotocols but the selected one from the request, so that ws can't echo
   * a token (P2). The answer and `ready` leave in one write.
   */
  #upgrade({ req, socket, head }: UpgradeRequest, upgrade: AcceptedUpgrade): boolean {
    const { subprotocol } = upgrade;
    if (subprotocol) req.headers["sec-websocket-protocol"] = subprotocol;
    else delete req.headers["sec-websocket-protocol"];
    let isOpen = false;
    socket.cork();
    try {
      this.#deps.socketServer.handleUpgrade(req, socket, head, (ws) => {
        isOpen = true;
        this.#deps.openConnection(upgrade, ws, socket);
      });
    } finally {
      socket.uncork();
    }
    return isOpen;
  }

  #refuse({ id, req, socket }: UpgradeRequest, reason: unknown): void {
    if (reason instanceof SocketClosedError) return;
    const { observe } = this.#deps;
    const error = reason instanceof ChatError ? reason : new ChatError("internal", { cause: reason });
    if (error.code === "internal") observe({ type: "failure", request: id, error: error.cause });
    observe({ type: "refused", request: id, code: error.code, upgrade: true });
    rejectUpgrade(req, socket, error, { requestId: id });
  }
}

/** The client closed its socket before the answer. There is nobody to answer. */
class SocketClosedError extends Error {
  override readonly name = "SocketClosedError";
}
