export { randomFrom } from "./random.ts";
export { hasServers, mongoDatabase, mongoServer, redisServer, sentinelledRedis } from "./servers.ts";
export { median, percentile } from "./statistics.ts";
export type { Cut, Direction, Link, Mode, Slowness } from "./tcp-link.ts";
export { startTcpProxy, type TcpProxy, type Where } from "./tcp-proxy.ts";
