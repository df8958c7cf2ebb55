import { join } from "node:path";
import { type Child, startChild, startRedis } from "@parley/local";
import type { Endpoint } from "../load/socket/connection.ts";
import { collectGarbage, collectGoGarbage, INSPECTABLE } from "./garbage.ts";
import { goPeerProgram } from "./go-peer.ts";
import { PEERS } from "./peers-folder.ts";
import type { RunningTarget, Target } from "./target.ts";
import { SECRET, tokensFor } from "./tokens.ts";

/** Socket.IO with its Redis adapter. */
export const socketIo: Target = {
  name: "Socket.IO",
  needs: "npm",
  start: () =>
    startPeer({
      ...nodePeer("socket-io.js"),
      endpointAt: (port) => ({
        url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
        dialect: "socketIo",
      }),
    }),
};

/** The chat that tutorials build with `ws` and Redis. */
export const wsTutorial: Target = {
  name: "ws tutorial",
  needs: "npm",
  start: () =>
    startPeer({
      ...nodePeer("ws-tutorial.js"),
      endpointAt: (port) => ({ url: `ws://127.0.0.1:${port}/`, dialect: "tutorial" }),
    }),
};

/** The write delay of `centrifugeDelayed`: as long as a Parley gateway rests at most between two passes. */
const WRITE_DELAY_MS = 25;

/** Centrifugo's library with Redis, with its default settings. */
export const centrifuge: Target = { name: "Centrifuge", needs: "go", start: () => startCentrifuge(0) };
/** The same server with the library's write delay, which trades latency for CPU. */
export const centrifugeDelayed: Target = {
  name: `Centrifuge, ${WRITE_DELAY_MS} ms delay`,
  needs: "go",
  start: () => startCentrifuge(WRITE_DELAY_MS),
};

const startCentrifuge = (delayMs: number): Promise<RunningTarget> =>
  startPeer({
    command: goPeerProgram(),
    args: [],
    env: { WRITE_DELAY_MS: String(delayMs) },
    endpointAt: (port) => ({ url: `ws://127.0.0.1:${port}/`, dialect: "centrifuge" }),
    collectGarbage: collectGoGarbage,
  });

/** The process of a peer, which listens on the port that it prints. */
interface PeerProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  endpointAt(port: string): Endpoint;
  collectGarbage(child: Child): Promise<void>;
}

const nodePeer = (file: string) => ({
  ...{ command: process.execPath, args: [join(PEERS, file)], collectGarbage },
  env: { NODE_ENV: "production", ...INSPECTABLE },
});

const LISTENING = /^listening on (\d+)$/m;
const START_TIMEOUT_MS = 30_000;

/** Starts a peer's process and a Redis, which the peer uses only for pub/sub. */
async function startPeer(peer: PeerProcess): Promise<RunningTarget> {
  const redis = await startRedis();
  try {
    const { PATH, HOME, TMPDIR } = process.env;
    const child = await startChild({
      command: peer.command,
      args: peer.args,
      cwd: PEERS,
      env: { PATH, HOME, TMPDIR, PORT: "0", REDIS_URL: redis.url, JWT_SECRET: SECRET, ...peer.env },
    });
    await child.printed(LISTENING, START_TIMEOUT_MS).catch(async (error) => {
      await child.kill("SIGKILL");
      throw error;
    });
    return {
      endpoint: peer.endpointAt(LISTENING.exec(child.output())?.[1] ?? ""),
      pids: { server: [child.pid], redis: [redis.pid] },
      redisPort: redis.port,
      dataDir: redis.dir,
      tokens: tokensFor,
      collectGarbage: () => peer.collectGarbage(child),
      async stop() {
        await child.kill("SIGKILL");
        await redis.stop();
      },
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
