import { createProgram } from "./program.ts";
import { run } from "./run.ts";

await run(process, (io) =>
  createProgram(io, {
    // Imported on demand, so that all other commands start without loading two drivers.
    redis: async (url) => (await import("@parley/bus/redis")).inspectRedis(url),
    mongo: async (url) => (await import("@parley/store/mongo")).inspectMongo(url),
  }),
);
