import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { createVerifier, issueToken, type Verifier } from "@parley/auth";
import type { Appender, Bus, LiveFeed, LiveListener } from "@parley/bus";
import { MemoryBus } from "@parley/bus/memory";
import { isUsername, ORIGIN } from "@parley/models";
import { closeServer, listen, readEnv, WEBSOCKET_SERVER_OPTIONS } from "@parley/service";
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

const SECRET = "a secret of the tests, long enough for it";

export interface HouseOptions {
  readonly config?: Partial<GatewayConfig>;
  readonly issueToken?: IssueToken;
  /** Stands in for the verifier, for failures that a real one cannot be brought to. */
  readonly verifier?: Verifier;
  /** Puts something in front of the log's roles. */
  readonly append?: (append: Appender) => Appender;
  readonly live?: (live: LiveFeed) => LiveFeed;
  readonly now?: () => number;
}

/** A gateway over a real HTTP server and the log in memory, with a store that takes everything. */
export interface House {
  readonly gateway: Gateway;
  readonly server: Server;
  /** TCP connections that have not ended. */
  readonly sockets: ReadonlySet<Socket>;
  readonly port: number;
  readonly store: StoreAll;
  readonly events: GatewayEvent[];
  /** What the gateway gave the log to speak to: to say what the log in memory never says. */
  readonly listener: LiveListener;
  token(user: string, expiresInSeconds?: number): Promise<string>;
}

/** Ends with the test that asked for it. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const bus = new MemoryBus({ lastStored: ORIGIN, closeTimeoutMs: 100 });
  const store = new StoreAll(bus);
  const events: GatewayEvent[] = [];
  let listener: LiveListener | undefined;
  const roles: Pick<Bus, "append" | "live"> = {
    append: () => (options.append ?? same)(bus.append()),
    live: (given) => {
      listener = given;
      return (options.live ?? same)(bus.live(given));
    },
  };
  const gateway = createGateway({
    bus: roles,
    verifier: options.verifier ?? createVerifier({ secrets: [SECRET], isUser: isUsername }),
    config: { ...gatewayConfig(readEnv(gatewayFields, {})), ...options.config },
    issueToken: options.issueToken,
    observe: (event) => events.push(event),
    now: options.now,
  });
  const server = createServer(WEBSOCKET_SERVER_OPTIONS, gateway.handleRequest).on(
    "upgrade",
    gateway.handleUpgrade,
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const { port } = await listen(server, { port: 0, host: "127.0.0.1" });
  onTestFinished(async () => {
    await gateway.close();
    await closeServer(server, 0);
    await store.end();
    await bus.close();
  });
  if (!listener) throw new Error("the gateway did not ask for the live role");
  const token = async (user: string, expiresInSeconds = 600) =>
    (await issueToken({ user, secret: SECRET, expiresInSeconds })).token;
  return { gateway, server, sockets, port, store, events, listener, token };
}

function same<T>(value: T): T {
  return value;
}
