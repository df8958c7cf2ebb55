import type { IncomingMessage } from "node:http";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressBlock, clientAddress, clientBlock, isLoopback, TrustedProxies } from "./address.ts";

function request(remoteAddress: string | undefined, forwarded?: string): IncomingMessage {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

function proxies(text: string): TrustedProxies {
  const parsed = TrustedProxies.parse(text);
  if (!parsed) throw new Error(`not proxies: ${text}`);
  return parsed;
}

describe("the client's address", () => {
  const trusted = proxies("10.0.0.0/8,fd00::/8");

  it.each<[string, string | undefined, string | undefined, string]>([
    ["no proxy", "192.0.2.1", undefined, "192.0.2.1"],
    ["a header from an untrusted peer", "192.0.2.1", "203.0.113.9", "192.0.2.1"],
    ["a trusted proxy", "10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["an IPv4 address in IPv6 form", "::ffff:10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"],
    ["two trusted proxies", "fd00::1", "203.0.113.9, 10.0.0.2", "203.0.113.9"],
    ["an entry forged by the client", "10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"],
    ["only trusted proxies", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["no header from a trusted proxy", "10.0.0.1", undefined, "10.0.0.1"],
    ["rubbish from a trusted proxy", "10.0.0.1", "unknown", "10.0.0.1"],
    ["rubbish before a proxy", "10.0.0.1", "unknown, 10.0.0.2", "10.0.0.2"],
    ["a port", "10.0.0.1", "203.0.113.9:5678", "203.0.113.9"],
    ["IPv6 with brackets and port", "10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"],
    ["a zone", "fe80::1%eth0", undefined, "fe80::1"],
    ["an empty header", "10.0.0.1", "", "10.0.0.1"],
    ["an empty entry before a proxy", "10.0.0.1", ",10.0.0.2", "10.0.0.2"],
    ["16 proxies", "10.0.0.1", `203.0.113.9${",10.0.0.2".repeat(15)}`, "203.0.113.9"],
    ["more proxies than anybody has", "10.0.0.1", `203.0.113.9${",10.0.0.2".repeat(16)}`, "10.0.0.2"],
    ["a socket that is gone", undefined, "203.0.113.9", ""],
  ])("%s", (_what, remote, forwarded, expected) => {
    expect(clientAddress(request(remote, forwarded), trusted)).toBe(expected);
  });

  it("ignores the header without trusted proxies", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (remote, forwarded) => {
        expect(clientAddress(request(remote, forwarded), TrustedProxies.none)).toBe(remote);
      }),
    );
  });

  it("can't be forged by a client behind a trusted proxy", () => {
    fc.assert(
      fc.property(fc.string(), (forged) => {
        expect(clientAddress(request("10.0.0.1", `${forged}, 203.0.113.9`), trusted)).toBe("203.0.113.9");
      }),
    );
  });
});

describe("address blocks for limits per address", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ])("%s counts as %s", (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });

  it("puts a whole /64 network into one block", () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16));
    const half = fc.array(group, { minLength: 4, maxLength: 4 }).map((groups) => groups.join(":"));
    fc.assert(
      fc.property(half, half, half, (network, one, other) => {
        expect(addressBlock(`${network}:${one}`)).toBe(addressBlock(`${network}:${other}`));
      }),
    );
  });
});

describe("the block that an accepted socket counts for", () => {
  const trusted = proxies("10.0.0.0/8,fd00::/8");

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3::4", "2001:db8:1:2::/64"],
    ["10.1.2.3", undefined],
    ["::ffff:10.1.2.3", undefined],
    ["fd00::7", undefined],
    // The peer has already disconnected.
    [undefined, ""],
  ])("of %s is %s", (remoteAddress, block) => {
    expect(clientBlock(remoteAddress, trusted)).toBe(block);
  });
});

describe("loopback", () => {
  it.each([
    "127.0.0.1",
    "127.8.8.8",
    "localhost",
    "LOCALHOST:8080",
    "127.0.0.1:80",
    "::1",
    "[::1]",
    "[::1]:80",
  ])("P60: %s is", (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each([
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "",
    "evil.example:80",
    "[::2]:1",
  ])("P60: %s is not", (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
