import { join } from "node:path";
import { startChild, startRedis } from "@parley/local";
import type { Target } from "../load/socket/connection.ts";
import { collectGarbage, INSPECTABLE } from "./garbage.ts";
import { PEERS } from "./peers-folder.ts";
import type { RunningSubject, Subject } from "./target.ts";
import { SECRET, tokensFor } from "./tokens.ts";

export const socketIo: Subject = {
  name: "Socket.IO",
  start: () =>
    startPeer("socket-io.js", (port) => ({
      url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
      dialect: "socketIo",
    })),
};

export const wsTutorial: Subject = {
  name: "ws tutorial",
  start: () =>
    startPeer("ws-tutorial.js", (port) => ({ url: `ws://127.0.0.1:${port}/`, dialect: "tutorial" })),
};

const LISTENING = /^listening on (\d+)$/m;
const START_TIMEOUT_MS = 30_000;

/** One process and a Redis, which only passes messages on. */
async function startPeer(file: string, targetAt: (port: string) => Target): Promise<RunningSubject> {
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
      target: targetAt(LISTENING.exec(peer.output())?.[1] ?? ""),
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
