import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";
import { listOf } from "../env/fields.ts";

/** The proxies whose `X-Forwarded-For` header is trusted (TRUST_PROXY). */
export class TrustedProxies {
  static readonly none: TrustedProxies = new TrustedProxies(new BlockList());
  readonly #networks: BlockList;
  readonly #isEmpty: boolean;

  private constructor(networks: BlockList) {
    this.#networks = networks;
    this.#isEmpty = networks.rules.length === 0;
  }

  /** Parses comma-separated addresses and CIDR networks. Returns undefined if an entry is neither. */
  static parse(text: string): TrustedProxies | undefined {
    const networks = new BlockList();
    for (const part of listOf(text)) {
      if (!addNetwork(networks, part)) return undefined;
    }
    return new TrustedProxies(networks);
  }

  trusts(address: string): boolean {
    if (this.#isEmpty || isIP(address) === 0) return false;
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

/** Maximum number of proxies in front of a server. A client inside a trusted network can name any number. */
const MAX_PROXIES = 16;

/**
 * Returns the client's address: the socket's, or, behind trusted proxies, the rightmost address in X-Forwarded-For
 * that isn't a trusted proxy. Entries further left are ignored because a client can forge them, and aren't even read.
 */
export function clientAddress(req: IncomingMessage, proxies: TrustedProxies): string {
  let address = bareAddress(req.socket.remoteAddress ?? "");
  const header = req.headers["x-forwarded-for"] ?? "";
  let forwarded = Array.isArray(header) ? header.join(",") : header;
  for (let hops = 0; hops < MAX_PROXIES && proxies.trusts(address); hops += 1) {
    const comma = forwarded.lastIndexOf(",");
    const next = bareAddress(forwarded.slice(comma + 1));
    if (isIP(next) === 0) break;
    address = next;
    forwarded = forwarded.slice(0, Math.max(0, comma));
  }
  return address;
}

/** Returns the key for limits per address (see `addressBlock`) of the client that sent a request. */
export function requestBlock(req: IncomingMessage, proxies: TrustedProxies): string {
  return addressBlock(clientAddress(req, proxies));
}

/**
 * Returns the address or IPv6 block that an accepted socket is counted against, from the address of its peer.
 * Undefined for a trusted proxy, because it opens sockets for many clients.
 */
export function clientBlock(remoteAddress: string | undefined, proxies: TrustedProxies): string | undefined {
  const address = bareAddress(remoteAddress ?? "");
  return proxies.trusts(address) ? undefined : addressBlock(address);
}

/** Removes port, brackets and zone, and turns an IPv4-mapped IPv6 address into IPv4. */
function bareAddress(text: string): string {
  if (isIPv4(text)) return text;
  const trimmed = text.trim();
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed) ?? [];
  const [, withPort] = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(trimmed) ?? [];
  const address = (bracketed ?? withPort ?? trimmed).replace(/%.*$/, "");
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/**
 * Returns the key for limits per address: an IPv4 address as it is, an IPv6 address as its /64 network. One customer
 * owns a whole /64 and could use a new address for each connection.
 */
export function addressBlock(address: string): string {
  if (isIPv4(address) || !isIPv6(address)) return address;
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

/**
 * Tells if a host is a loopback address or `localhost`. Takes the value of HOST or of a Host header, with or without
 * port.
 */
export function isLoopback(host: string): boolean {
  const address = bareAddress(host);
  if (isIP(address) === 4) return address.startsWith("127.");
  return address === "::1" || /^localhost(:\d+)?$/i.test(address);
}
