export { type App, type AppName, type AppOptions, startApp } from "./app.ts";
export { type Child, type ChildOptions, type Exit, startChild } from "./child.ts";
export { prepareServers, ServerUnavailable } from "./find-server.ts";
export { freePort } from "./free-port.ts";
export { createFront } from "./front.ts";
export { startMongo } from "./mongo.ts";
export { readiness } from "./readiness.ts";
export { startRedis } from "./redis.ts";
export type { OwnServer, ServerChanges, ServerOptions } from "./server.ts";
