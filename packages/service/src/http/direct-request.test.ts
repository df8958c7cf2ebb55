import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { createFrontSecret, FRONT_HEADER, isDirect, isVouchedFor } from "./direct-request.ts";

function request(headers: Record<string, string>, remoteAddress = "127.0.0.1", httpVersion = "1.1") {
  return { headers, socket: { remoteAddress }, httpVersion } as unknown as IncomingMessage;
}

/** The headers of curl, of a browser's fetch, and of an instrumented client. */
const ORDINARY =
  `host connection user-agent accept accept-encoding accept-language content-type content-length origin referer
  cookie cache-control pragma authorization sec-fetch-site sec-fetch-mode sec-fetch-dest sec-ch-ua sec-ch-ua-platform
  sec-ch-ua-mobile sec-gpc dnt priority te expect transfer-encoding upgrade-insecure-requests traceparent tracestate
  x-requested-with x-request-id x-http-method-override x-csrf-token postman-token sec-websocket-key`.split(
    /\s+/,
  );

const FORWARDING =
  `forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-server
  x-forwarded x-forwarded-anything via x-real-ip x-client-ip x-cluster-client-ip true-client-ip cf-connecting-ip
  cf-connecting-ipv6 cf-ray cf-visitor cdn-loop fastly-client-ip fly-client-ip fly-forwarded-port do-connecting-ip
  x-original-forwarded-for x-original-host x-original-url x-envoy-external-address x-amzn-trace-id x-amz-cf-id
  x-azure-clientip x-azure-ref x-appengine-user-ip x-arr-log-id x-cloud-trace-context x-vercel-id
  x-nf-client-connection-ip akamai-origin-hop x-akamai-edgescape x-sucuri-clientip wl-proxy-client-ip proxy-client-ip
  x-remote-addr x-remote-ip x-originating-ip x-proxyuser-ip proxy-connection x-host x-scheme front-end-https
  ngrok-trace-id tailscale-user-login x-source-ip x-varnish x-request-start`.split(/\s+/);

describe("a direct request", () => {
  it("P60: is one from a loopback address with the headers of an ordinary client", () => {
    const headers = Object.fromEntries(ORDINARY.map((name) => [name, "x"]));
    for (const peer of ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
      expect(isDirect(request(headers, peer))).toBe(true);
    for (const peer of ["192.168.1.5", "::ffff:10.0.0.1", "2001:db8::1"])
      expect(isDirect(request(headers, peer))).toBe(false);
  });

  it.each(FORWARDING)("P60: isn't one with the header %s", (name) => {
    expect(isDirect(request({ host: "localhost", [name]: "" }))).toBe(false);
  });

  it("P60: isn't one in HTTP/1.0, which proxies speak by default", () => {
    expect(isDirect(request({}, "127.0.0.1", "1.0"))).toBe(false);
  });

  it("P60: only the front with the secret vouches for a request, and only on this machine", () => {
    const secret = createFrontSecret();
    const from = (value: string, peer?: string) =>
      request({ [FRONT_HEADER]: value, "x-forwarded-for": "::1" }, peer);
    expect(isVouchedFor(from(secret), secret)).toBe(true);
    expect(isVouchedFor(from(secret, "10.0.0.1"), secret)).toBe(false);
    expect(isVouchedFor(from(createFrontSecret()), secret)).toBe(false);
    expect(isVouchedFor(from(`${secret}, ${secret}`), secret)).toBe(false);
    expect(isVouchedFor(from(""), undefined)).toBe(false);
    expect(isVouchedFor(from("undefined"), undefined)).toBe(false);
    expect(isVouchedFor(request({}), secret)).toBe(false);
  });
});
