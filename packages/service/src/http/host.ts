import type { IncomingMessage } from "node:http";
import { isIPv4 } from "node:net";

/** Tells if a request has exactly one Host header, and the header isn't empty. HTTP/1.1 requires one (RFC 9112). */
export function hasOneHost({ rawHeaders, headers }: IncomingMessage): boolean {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  return hosts.length === 1 && headers.host !== undefined && headers.host !== "";
}

/**
 * Tells if a Host header is exactly a loopback name, with or without a port. Any other spelling is refused: anyone
 * can own a name such as `localhost.example.com` or `127.0.0.1.nip.io`, and parsers disagree about unusual forms of
 * addresses.
 */
export function isLoopbackHost(host: string): boolean {
  const [, name = "", port = "0"] = /^([\w.]+|\[::1\])(?::(\d{1,5}))?$/.exec(host) ?? [];
  return Number(port) <= 65_535 && (/^(?:localhost|\[::1\])$/i.test(name) || isLoopbackAddress(name));
}

/** Tells if a socket's address is one of this machine's loopback addresses. */
export function isLoopbackAddress(address: string | undefined): boolean {
  const bare = address?.replace(/^::ffff:/i, "") ?? "";
  return bare === "::1" || (isIPv4(bare) && bare.startsWith("127."));
}
