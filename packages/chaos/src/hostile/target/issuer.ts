import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** An issuer of tokens whose public key is fetched over HTTP. */
export interface Issuer {
  /** Environment that makes an app trust only this issuer. */
  readonly env: Readonly<Record<string, string>>;
  token(user: string): Promise<string>;
  close(): Promise<void>;
}

const KEY_ID = "the-only-key";
/** Delay of the issuer's answers. An issuer on the internet may take this long. */
const ANSWER_MS = 2_000;
const TOKEN_SECONDS = 86_400;

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "EdDSA", use: "sig" }];
  const server = createServer(async (_request, response) => {
    await delay(ANSWER_MS);
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the issuer listens on no port");
  return {
    env: { JWT_SECRET: "", JWT_JWKS_URL: `http://127.0.0.1:${address.port}/keys` },
    async token(user) {
      const issuedAt = Math.floor(Date.now() / 1000);
      const header = encode({ alg: "EdDSA", kid: KEY_ID });
      const claims = encode({ sub: user, iat: issuedAt, exp: issuedAt + TOKEN_SECONDS });
      const signature = sign(null, Buffer.from(`${header}.${claims}`), privateKey).toString("base64url");
      return `${header}.${claims}.${signature}`;
    },
    async close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
