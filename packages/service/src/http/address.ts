import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";
import { listOf } from "../env/fields.ts";

/** The proxies whose word about a client's address is believed (TRUST_PROXY). */
export class TrustedProxies {
  static readonly none: TrustedProxies = new TrustedProxies(new BlockList());
  readonly #networks: BlockList;

  private constructor(networks: BlockList) {
    this.#networks = networks;
  }

  /** From addresses and CIDR networks between commas; undefined where one of them is neither. */
  static parse(text: string): TrustedProxies | undefined {
    const networks = new BlockList();
    for (const part of listOf(text)) {
      if (!addNetwork(networks, part)) return undefined;
    }
    return new TrustedProxies(networks);
  }

  trusts(address: string): boolean {
    return this.#networks.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  }
}

function addNetwork(networks: BlockList, text: string): boolean {
  const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0) return false;
  const widest = family === 6 ? 128 : 32;
  const bits = prefix === undefined ? widest : Number(prefix);
  if (bits > widest) return false;
  networks.addSubnet(address, bits, family === 6 ? "ipv6" : "ipv4");
  return true;
}

/**
 * The address of the client: that of the socket, or, where a trusted proxy speaks, the nearest address in its
 * X-Forwarded-For that is no trusted proxy itself. What stands further left anybody may have written.
 */
export function clientAddress(req: IncomingMessage, proxies: TrustedProxies): string {
  let address = plain(req.socket.remoteAddress ?? "");
  const header = req.headers["x-forwarded-for"];
  const forwarded = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",");
  while (isIP(address) !== 0 && proxies.trusts(address)) {
    const next = plain(forwarded.pop() ?? "");
    if (isIP(next) === 0) break;
    address = next;
  }
  return address;
}

/** Without port, brackets and zone, and an IPv4 address never in its IPv6 form. */
function plain(text: string): string {
  const trimmed = text.trim();
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed) ?? [];
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed) ?? [];
  const address = (bracketed ?? withPort ?? trimmed).replace(/%.*$/, "");
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/**
 * What a limit per address counts by: an IPv4 address, but of IPv6 the /64 network, since one customer has all of
 * that and could use a new address for each connection.
 */
export function addressBlock(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(":")}::/64`;
}

/** Whether a host, as in HOST or in a Host header with or without port, is this machine alone. */
export function isLoopback(host: string): boolean {
  const address = plain(host);
  if (isIP(address) === 4) return address.startsWith("127.");
  return address === "::1" || /^localhost(:\d+)?$/i.test(address);
}
