import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { freePort, isFree, onFreePort, PortTaken } from "./free-port.ts";

it("returns ports outside the range of outgoing connections, each port once", async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  expect(new Set(ports).size).toBe(50);
  expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true);
});

it.each(["127.0.0.1", "0.0.0.0"])("detects a port that is taken on %s", async (host) => {
  const server = createServer().listen(0, host);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  expect(await isFree((server.address() as AddressInfo).port)).toBe(false);
});

it("retries on another port if one was taken in the meantime, five times at most", async () => {
  const tried: number[] = [];
  const port = await onFreePort(async (port) => {
    tried.push(port);
    if (tried.length < 3) throw new PortTaken();
    return port;
  });
  expect([tried.length, tried.at(-1)]).toEqual([3, port]);
  let attempts = 0;
  const never = onFreePort(async () => {
    attempts++;
    throw new PortTaken("taken");
  });
  await expect(never).rejects.toThrow("taken");
  expect(attempts).toBe(5);
  await expect(onFreePort(() => Promise.reject(new Error("other")))).rejects.toThrow("other");
});
