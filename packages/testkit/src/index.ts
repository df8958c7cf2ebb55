<<<<<<< HEAD
export { hasServers, mongoServer, redisServer } from "./servers.ts";
=======
export { mongoServer, redisServer, sentinelledRedis } from "./servers.ts";
>>>>>>> sentinel
export type { Cut, Direction, Link, Mode } from "./tcp-link.ts";
export { startTcpProxy, type TcpProxy, type Where } from "./tcp-proxy.ts";
