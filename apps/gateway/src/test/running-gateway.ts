import type { Server } from "node:http";
import type { Socket } from "node:net";
import { createVerifier, issueToken, type Verifier, withRevocations } from "@parley/auth";
import type {
  Appender,
  Bus,
  LiveFeed,
  LiveListener,
  MarkFeed,
  MarkListener,
  MarkQueue,
  Revocations,
} from "@parley/bus";
import { MemoryBus } from "@parley/bus/memory";
import { isUsername, ORIGIN } from "@parley/models";
import { closeServer, createHttpServer, listen, readEnv } from "@parley/service";
import { onTestFinished } from "vitest";
import {
  createGateway,
  type Gateway,
  type GatewayConfig,
  type GatewayEvent,
  gatewayConfig,
  gatewayFields,
  type IssueToken,
} from "../gateway.ts";
import { StoreAll } from "./store-all.ts";

const SECRET = "a secret for tests that is long enough";

export interface RunningGatewayOptions {
  readonly config?: Partial<GatewayConfig>;
  readonly issueToken?: IssueToken;
  readonly frontSecret?: string;
  /** Replaces the verifier, for failures that a real verifier doesn't have. */
  readonly verifier?: Verifier;
  /** Replaces the revocations, for a log that can't be reached. */
  readonly revocations?: Revocations;
  /** Wraps the log's appender. */
  readonly append?: (append: Appender) => Appender;
  /** Wraps the log's live feed. */
  readonly live?: (live: LiveFeed) => LiveFeed;
  /** Wraps the log's feed of read marks. */
  readonly marks?: (feed: MarkFeed) => MarkFeed;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
}

/** A gateway with a real HTTP server, a log in memory, and a store that accepts every message. */
export interface RunningGateway {
  readonly core: Gateway;
  readonly server: Server;
  /** Open TCP connections. */
  readonly sockets: ReadonlySet<Socket>;
  readonly port: number;
  /** `http://…`, without a path. */
  readonly url: string;
  readonly wsUrl: string;
  readonly store: StoreAll;
  readonly revocations: Revocations;
  readonly events: GatewayEvent[];
  /**
   * The gateway's listener for live messages. Tests call it to deliver messages that the log in memory never would.
   */
  readonly listener: LiveListener;
  readonly markListener: MarkListener;
  /** The read marks of the log that aren't stored. */
  readonly marks: MarkQueue;
  /** The gateway's appender. Tests append with it what no client of the gateway can send. */
  readonly appender: Appender;
  /** Returns a token that was issued at a time, in ms since 1970, and is valid for a day. */
  tokenAt(user: string, ms: number): Promise<string>;
  token(user: string, expiresInSeconds?: number, scopes?: readonly string[]): Promise<string>;
}

/** Starts a gateway that is closed at the end of the test. */
export async function startGateway(options: RunningGatewayOptions = {}): Promise<RunningGateway> {
  const bus = new MemoryBus({ lastStored: ORIGIN, closeTimeoutMs: 100 });
  const store = new StoreAll(bus);
  const revocations = options.revocations ?? bus.revocations();
  const events: GatewayEvent[] = [];
  let listener: LiveListener | undefined;
  let markListener: MarkListener | undefined;
  let appender: Appender | undefined;
  const roles: Pick<Bus, "append" | "live" | "raiseMarks"> = {
    raiseMarks: (gatewayListener) => {
      markListener = gatewayListener;
      return (options.marks ?? same)(bus.raiseMarks(gatewayListener));
    },
    append: () => {
      appender = (options.append ?? same)(bus.append());
      return appender;
    },
    live: (gatewayListener) => {
      listener = gatewayListener;
      return (options.live ?? same)(bus.live(gatewayListener));
    },
  };
  const core = createGateway({
    bus: roles,
    revocations,
    verifier: withRevocations(
      options.verifier ?? createVerifier({ secrets: [SECRET], isUser: isUsername }),
      revocations,
    ),
    config: { ...gatewayConfig(readEnv(gatewayFields, {})), ...options.config },
    issueToken: options.issueToken,
    frontSecret: options.frontSecret,
    observe: (event) => events.push(event),
    now: options.now,
  });
  const server = createHttpServer({ handlers: core });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const { port } = await listen(server, { port: 0, host: "127.0.0.1" });
  onTestFinished(async () => {
    await core.close();
    await closeServer(server, 0);
    await store.end();
    await bus.close();
  });
  if (!listener || !markListener || !appender) throw new Error("the gateway did not open its roles");
  const token = async (user: string, expiresInSeconds = 600, scopes: readonly string[] = []) =>
    (await issueToken({ user, secret: SECRET, expiresInSeconds, scopes })).token;
  const tokenAt = async (user: string, ms: number) =>
    (await issueToken({ user, secret: SECRET, expiresInSeconds: 86_400, now: () => ms })).token;
  const url = `http://127.0.0.1:${port}`;
  const wsUrl = `ws://127.0.0.1:${port}/ws`;
  const log = { store, listener, markListener, marks: bus.storeMarks(), appender, revocations };
  return { core, server, sockets, port, url, wsUrl, events, ...log, token, tokenAt };
}

/** Wraps a live feed with another `join`. */
export function withJoin(live: LiveFeed, join: LiveFeed["join"]): LiveFeed {
  return { join, leave: (user) => live.leave(user), problem: () => live.problem() };
}

function same<T>(value: T): T {
  return value;
}
