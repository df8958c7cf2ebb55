import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHandshakeToken } from "./handshake-token.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

function offered(protocol: string, authorization?: string) {
  return readHandshakeToken({
    "sec-websocket-protocol": protocol,
    ...(authorization !== undefined && { authorization }),
  });
}

describe("reading the token of a handshake", () => {
  it.each([
    ["chat.v1, bearer.T", "chat.v1"],
    ["bearer.T, chat.v1", "chat.v1"],
    ["bearer.T", undefined],
    ["Bearer, T", "Bearer"],
    ["chat.v1, Bearer, T", "chat.v1"],
    ["Bearer T", undefined],
    ["bearer   T", undefined],
    ["chat.v1, Bearer T", "chat.v1"],
  ])("P1 P2: Sec-WebSocket-Protocol: %s selects %s", (header, subprotocol) => {
    expect(offered(header.replace("T", JWT))).toEqual({ token: JWT, subprotocol });
  });

  it("P1: Authorization takes precedence over Sec-WebSocket-Protocol", () => {
    expect(offered("chat.v1, bearer.other", `Bearer ${JWT}`)).toEqual({ token: JWT, subprotocol: "chat.v1" });
  });

  it("P1: Authorization with another scheme, such as a proxy's, is ignored", () => {
    expect(offered(`Bearer, ${JWT}`, "Basic YTpi").token).toBe(JWT);
  });

  it("P1: there is no token without a header", () => {
    expect(readHandshakeToken({})).toEqual({ token: undefined, subprotocol: undefined });
  });

  it.each(["", ",", "chat.v1", "Bearer", "Bearer,", "Bearer  ", "other, thing"])(
    "P3: there is no token in %j",
    (header) => {
      expect(offered(header).token ?? "").toBe("");
    },
  );

  it("G5: of thousands of offers only the first are looked at", () => {
    const after = (others: number) => offered(`${"other, ".repeat(others)}chat.v1, bearer.${JWT}`);
    expect(after(30)).toEqual({ token: JWT, subprotocol: "chat.v1" });
    expect(after(32)).toEqual({ token: undefined, subprotocol: undefined });
  });

  it("P2: only a known name is ever selected, for any offer", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (protocol, authorization) => {
        expect([undefined, "chat.v1", "Bearer"]).toContain(offered(protocol, authorization).subprotocol);
      }),
    );
  });
});
