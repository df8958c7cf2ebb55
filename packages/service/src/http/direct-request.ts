import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isLoopbackAddress } from "./host.ts";

/**
 * Headers by which proxies, tunnels and content delivery networks say that they pass a request on. Clients don't send them.
 * New products are likely to use one of these forms.
 */
const FORWARDING = [
  /forwarded|prox(?:y|ied)/,
  /^(?:via|cdn-loop|front-end-https|surrogate-capability)$/,
  /^x-(?:original|real|envoy|amzn?|azure|appengine|arr|cloud|vercel|nf|akamai|sucuri|varnish|ngrok|scheme|url-scheme|https|ssl|tls|host|port|request-start|rewrite-url|server-name|cluster)(?:-|$)/,
  /^(?:cf|fly|fastly|akamai|cloudfront|ngrok|tailscale|incap|ali|gcp|google|railway|render)-/,
  /(?:client|connecting|real|remote|original|originating|source|src|peer|user|caller)-?(?:ip|addr|address|port|host)/,
];

/**
 * Tells if a request comes straight from a program on this machine: its peer is a loopback address, and no proxy says
 * that it passed the request on. A request in HTTP/1.0 isn't direct either, because proxies use HTTP/1.0 to their
 * upstreams by default, and clients no longer do.
 *
 * A proxy that hides itself completely can't be distinguished from a client.
 */
export function isDirect({ socket, headers, httpVersion }: IncomingMessage): boolean {
  const isPassedOn = Object.keys(headers).some((name) => FORWARDING.some((form) => form.test(name)));
  return isLoopbackAddress(socket.remoteAddress) && !isPassedOn && httpVersion !== "1.0";
}

/** The header by which the front of `start:split` tells its gateways that a request came to it directly. */
export const FRONT_HEADER = "x-parley-front";

/** Creates the value of `FRONT_HEADER`: a secret that one front shares with its gateways. */
export function createFrontSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Tells if a request carries the front's secret in `FRONT_HEADER`. The front adds it only to requests that came to
 * the front directly.
 */
export function isVouchedFor({ headers, socket }: IncomingMessage, secret: string | undefined): boolean {
  const value = headers[FRONT_HEADER];
  if (secret === undefined || typeof value !== "string" || !isLoopbackAddress(socket.remoteAddress))
    return false;
  const [given, expected] = [Buffer.from(value), Buffer.from(secret)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
