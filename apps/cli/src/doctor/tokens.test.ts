import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { AuthSettings } from "@parley/service";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkTokens } from "./tokens.ts";

const SETTINGS: AuthSettings = {
  secrets: undefined,
  jwksUrl: undefined,
  issuer: undefined,
  audience: undefined,
  maxTokenAgeMs: undefined,
  maxWaiting: 10,
  maxWaitingPerShare: 10,
  nbfToleranceMs: 0,
  devTokens: false,
};
const never = new AbortController().signal;

async function issuerWith(body: string): Promise<string> {
  const server = createServer((_req, res) => res.end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
}

describe("the doctor's findings about tokens", () => {
  it("P61: names a missing audience, and what to set", async () => {
    const jwksUrl = await issuerWith('{"keys":[{"kty":"OKP"}]}');
    const [keys, audience] = await checkTokens({ ...SETTINGS, jwksUrl }, undefined, never);
    expect(keys).toMatchObject({ status: "ok", detail: "1 keys of the issuer" });
    expect(audience).toMatchObject({
      status: "note",
      detail: expect.stringContaining("other applications"),
      fix: expect.stringContaining("JWT_AUDIENCE"),
    });
    expect(await checkTokens({ ...SETTINGS, jwksUrl, audience: "chat" }, undefined, never)).toHaveLength(1);
    expect(await checkTokens({ ...SETTINGS, secrets: ["x"] }, undefined, never)).toHaveLength(1);
  });

  it("G5: reads no more of a key set than a service does", async () => {
    const jwksUrl = await issuerWith(" ".repeat(300_000));
    const [finding] = await checkTokens({ ...SETTINGS, jwksUrl, audience: "chat" }, undefined, never);
    expect(finding).toMatchObject({ status: "wrong", detail: expect.stringContaining("larger than") });
  });
});
