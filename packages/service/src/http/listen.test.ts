import { createServer, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ConfigError } from "../env/config-error.ts";
import { closeServer, listen } from "./listen.ts";

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => closeServer(server, 50))));

function serverOf(listener?: RequestListener): Server {
  const server = createServer(listener);
  servers.push(server);
  return server;
}

describe("listen", () => {
  it("resolves with a URL that reaches the server", async () => {
    const bound = await listen(
      serverOf((_req, res) => res.end("here")),
      { port: 0, host: "0.0.0.0" },
    );
    expect(bound).toMatchObject({ address: "0.0.0.0", url: `http://127.0.0.1:${bound.port}` });
    expect(await (await fetch(bound.url)).text()).toBe("here");
  });

  it("names the variable of a port that is already in use", async () => {
    const host = "127.0.0.1";
    const { port } = await listen(serverOf(), { port: 0, host });
    await expect(listen(serverOf(), { port, host })).rejects.toThrow(new RegExp(`^PORT ${port} is taken`));
    const admin = listen(serverOf(), { port, host, variable: "ADMIN_PORT" });
    await expect(admin).rejects.toThrow(new RegExp(`^ADMIN_PORT ${port} is taken`));
    await expect(admin).rejects.toBeInstanceOf(ConfigError);
  });

  it("names HOST if the address doesn't belong to this machine", async () => {
    await expect(listen(serverOf(), { port: 0, host: "192.0.2.1" })).rejects.toThrow(
      /^HOST 192\.0\.2\.1 is not an address/,
    );
    await expect(listen(serverOf(), { port: 0, host: "192.0.2.1", variable: "ADMIN_PORT" })).rejects.toThrow(
      /^ADMIN_HOST or HOST 192\.0\.2\.1 is not an address/,
    );
  });
});

describe("closeServer", () => {
  it("P41: lets a request in flight finish, accepts no new one, and doesn't wait for an idle connection", async () => {
    let answer: () => void = () => undefined;
    const asked = Promise.withResolvers<void>();
    const server = serverOf((_req, res) => {
      answer = () => res.end("whole");
      asked.resolve();
    });
    server.keepAliveTimeout = 60_000;
    const { url } = await listen(server, { port: 0, host: "127.0.0.1" });
    const response = fetch(url);
    await asked.promise;
    const closed = closeServer(server, 60_000);
    await expect(fetch(url)).rejects.toThrow();
    answer();
    expect(await (await response).text()).toBe("whole");
    await closed;
  });

  it("P41: destroys connections that don't end in time, and doesn't wait for upgraded sockets", async () => {
    const server = serverOf();
    const upgraded = Promise.withResolvers<void>();
    server.on("upgrade", () => upgraded.resolve());
    const hung = Promise.withResolvers<void>();
    server.on("request", () => hung.resolve());
    const { port, url } = await listen(server, { port: 0, host: "127.0.0.1" });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const response = fetch(url).then(
      () => "answered",
      () => "cut",
    );
    await Promise.all([upgraded.promise, hung.promise]);
    await closeServer(server, 50);
    expect(await response).toBe("cut");
    socket.destroy();
  });

  it("does nothing for a server that isn't listening", async () => {
    await closeServer(createServer());
  });
});
