export { type App, type AppName, type AppOptions, startApp } from "./app.ts";
export { type Child, type ChildOptions, type Exit, startChild } from "./child.ts";
export { prepareServers, ServerUnavailable } from "./find-server.ts";
export { freePort } from "./free-port.ts";
export { startMongo } from "./mongo.ts";
export { startRedis } from "./redis.ts";
export { redisCommand } from "./redis-command.ts";
export { type Sentinelled, startSentinelled } from "./sentinels.ts";
export type { OwnServer, ServerChanges, ServerOptions } from "./server.ts";
