import { join } from "node:path";
import { startChild, startRedis } from "@parley/local";
import type { Endpoint } from "../load/socket/connection.ts";
import { collectGarbage, INSPECTABLE } from "./garbage.ts";
import { PEERS } from "./peers-folder.ts";
import type { RunningTarget, Target } from "./target.ts";
import { SECRET, tokensFor } from "./tokens.ts";

/** Socket.IO with its Redis adapter. */
export const socketIo: Target = {
  name: "Socket.IO",
  start: () =>
    startPeer("socket-io.js", (port) => ({
      url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
      dialect: "socketIo",
    })),
};

/** The chat that tutorials build with `ws` and Redis. */
export const wsTutorial: Target = {
  name: "ws tutorial",
  start: () =>
    startPeer("ws-tutorial.js", (port) => ({ url: `ws://127.0.0.1:${port}/`, dialect: "tutorial" })),
};

const LISTENING = /^listening on (\d+)$/m;
const START_TIMEOUT_MS = 30_000;

/** Starts a peer's process and a Redis, which the peer uses only for pub/sub. */
async function startPeer(file: string, endpointAt: (port: string) => Endpoint): Promise<RunningTarget> {
  const redis = await startRedis();
  try {
    const { PATH, HOME, TMPDIR } = process.env;
    const peer = await startChild({
      command: process.execPath,
      args: [join(PEERS, file)],
      cwd: PEERS,
      env: {
        ...{ PATH, HOME, TMPDIR, ...INSPECTABLE },
        ...{ PORT: "0", REDIS_URL: redis.url, JWT_SECRET: SECRET, NODE_ENV: "production" },
      },
    });
    const stop = async () => {
      await peer.kill("SIGKILL");
      await redis.stop();
    };
    await peer.printed(LISTENING, START_TIMEOUT_MS).catch(async (error) => {
      await peer.kill("SIGKILL");
      throw error;
    });
    return {
      endpoint: endpointAt(LISTENING.exec(peer.output())?.[1] ?? ""),
      pids: { server: [peer.pid], redis: [redis.pid] },
      redisPort: redis.port,
      tokens: tokensFor,
      collectGarbage: () => collectGarbage(peer),
      stop,
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
