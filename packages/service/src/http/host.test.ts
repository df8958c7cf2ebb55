import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { hasOneHost, isLoopbackAddress, isLoopbackHost } from "./host.ts";

describe("the Host header", () => {
  it.each([
    "localhost",
    "LOCALHOST:1",
    "localhost:65535",
    "127.0.0.1",
    "127.9.9.9:8080",
    "[::1]",
    "[::1]:8080",
  ])("P60: %s is a loopback name", (host) => expect(isLoopbackHost(host)).toBe(true));

  it.each([
    "",
    "localhost.",
    "localhost.:80",
    "127.0.0.1.",
    "localhost.evil.com",
    "evil.com.localhost",
    "evil.localhost",
    "127.0.0.1.nip.io",
    "127.0.0.1.evil.com:80",
    "user@localhost",
    "localhost@evil.com",
    "evil.com#localhost",
    "evil.com/localhost",
    "localhost/",
    "localhost:",
    "localhost:port",
    "localhost:65536",
    "localhost:80:80",
    "localhost, evil.com",
    "localhost evil.com",
    "127.1",
    "127.0.1",
    "127.0.0.256",
    "0127.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "0.0.0.0",
    "::1",
    "[::1%25x]",
    "[::1%lo]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "[::2]",
    "[::1",
    "ⓛocalhost",
    "local\u00adhost",
    "loca\u017fhost",
    "localhost\n",
    "192.168.1.5",
  ])("P60: %j isn't one", (host) => expect(isLoopbackHost(host)).toBe(false));

  it("P3: is required exactly once", () => {
    const request = (...rawHeaders: string[]) =>
      ({ rawHeaders, headers: { host: rawHeaders[1] } }) as unknown as IncomingMessage;
    expect(hasOneHost(request("Host", "a.example"))).toBe(true);
    expect(hasOneHost(request("hOST", "a.example", "X", "host"))).toBe(true);
    expect(hasOneHost(request())).toBe(false);
    expect(hasOneHost(request("Host", ""))).toBe(false);
    expect(hasOneHost(request("Host", "a.example", "host", "b.example"))).toBe(false);
  });

  it("P60: loopback addresses of sockets", () => {
    for (const address of ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"])
      expect(isLoopbackAddress(address)).toBe(true);
    for (const address of [undefined, "", "10.0.0.1", "::ffff:10.0.0.1", "::2", "127.0.0.1.evil", "fe80::1"])
      expect(isLoopbackAddress(address)).toBe(false);
  });
});
