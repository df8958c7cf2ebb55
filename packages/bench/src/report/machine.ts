import { availableParallelism, cpus, release, totalmem } from "node:os";
import { withCluster } from "../targets/cluster.ts";
import { goPeerVersion } from "../targets/go-peer.ts";
import { peerVersions } from "../targets/peers-folder.ts";
import { redisVersion } from "./redis-version.ts";

/** The machine and the versions of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly redis: string;
  readonly mongo: string;
  /** Text such as "Centrifuge 0.40.1, Socket.IO 4.8.4 …". */
  readonly peers: string;
  readonly date: string;
}

/** Collects this machine's description. Starts a Redis and a MongoDB to find out their versions. */
export function describeMachine(): Promise<Machine> {
  return withCluster(async ({ redis, mongo, mongoKind }) => ({
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `Linux ${release().split("-", 1)[0]}`,
    node: process.version,
    redis: await redisVersion(redis.port),
    mongo:
      mongoKind === "mongod" ? `mongod ${mongodVersion(mongo.output())}` : "SecantusDB in MongoDB's place",
    peers: describePeers(peerVersions()),
    date: new Date().toISOString(),
  }));
}

function describePeers(versions: Readonly<Record<string, string>>): string {
  const [io, adapter, ws] = ["socket.io", "@socket.io/redis-adapter", "ws"].map((name) => versions[name]);
  return `Centrifuge ${goPeerVersion()} (Centrifugo's library), Socket.IO ${io} with its Redis adapter ${adapter}, ws ${ws}`;
}

/** Reads mongod's version from the build information that it prints as JSON at start. */
function mongodVersion(output: string): string {
  return /"version":"(\d[\w.-]*)"/.exec(output)?.[1] ?? "of unknown version";
}
