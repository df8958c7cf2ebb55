import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { onTestFinished } from "vitest";

/** Starts a token issuer that serves its keys over HTTP until the end of the test. */
export async function startIssuer() {
  let keys: JWK[] = [];
  let requests = 0;
  let answer = (res: ServerResponse): unknown => res.end(JSON.stringify({ keys }));
  const server = createServer((_req, res) => {
    requests += 1;
    answer(res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  async function stop(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  onTestFinished(stop);

  async function addKey(alg: string, kid: string | undefined = alg) {
    const pair = await generateKeyPair(alg);
    keys.push({ ...(await exportJWK(pair.publicKey)), alg, use: "sig", ...(kid && { kid }) });
    return pair;
  }
  return {
    url: `http://127.0.0.1:${port}/keys`,
    addKey,
    stop,
    requests: () => requests,
    replaceKeys: (next: JWK[]) => {
      keys = next;
    },
    answerWith: (next: typeof answer) => {
      answer = next;
    },
  };
}
