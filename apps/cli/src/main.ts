import { createProgram } from "./program.ts";
import { run } from "./run.ts";

await run(process, (io) =>
  createProgram(io, {
    // Loaded when they are asked for, so that the other commands start without two drivers.
    redis: async (url) => (await import("@parley/bus/redis")).inspectRedis(url),
    mongo: async (url) => (await import("@parley/store/mongo")).inspectMongo(url),
  }),
);
