import { createProgram } from "./program.ts";
import { run } from "./run.ts";

await run(process, (io) =>
  createProgram(io, {
    // The drivers of Redis and MongoDB are imported on demand, so that other commands than `doctor` start faster.
    redis: async (url, namespace) => (await import("@parley/bus/redis")).inspectRedis(url, namespace),
    mongo: async (url) => (await import("@parley/store/mongo")).inspectMongo(url),
  }),
);
