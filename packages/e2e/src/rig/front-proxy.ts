import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of several gateways. It passes each connection to the next gateway that accepts it. */
export interface FrontProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a proxy on a free port, in front of ports of 127.0.0.1. A connection that no port accepts is reset. */
export async function startFrontProxy(ports: readonly number[]): Promise<FrontProxy> {
  let turn = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const first = turn++;
    open.add(client);
    client.on("error", () => client.destroy()).on("close", () => open.delete(client));
    const tryPort = (n: number): void => {
      const port = ports[(first + n) % ports.length];
      if (n >= ports.length || port === undefined) return void client.resetAndDestroy();
      const upstream = connect(port, "127.0.0.1");
      upstream.once("connect", () => {
        upstream.off("error", next).on("error", () => client.destroy());
        upstream.on("close", () => client.destroy());
        client.on("close", () => upstream.destroy());
        client.pipe(upstream).pipe(client);
      });
      const next = () => tryPort(n + 1);
      upstream.once("error", next);
    };
    tryPort(0);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
