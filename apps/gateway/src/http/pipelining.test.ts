import { setTimeout as delay } from "node:timers/promises";
import { until } from "@parley/async";
import { AuthError, type Verifier } from "@parley/auth";
import { expect, it } from "vitest";
import { RawClient } from "../test/raw-client.ts";
import { startGateway } from "../test/running-gateway.ts";

it("G5: one connection has one token verified at a time, however many requests it sends ahead", async () => {
  let current = 0;
  let most = 0;
  let verified = 0;
  const verifier: Verifier = {
    async verify() {
      current += 1;
      most = Math.max(most, current);
      await delay(2);
      current -= 1;
      verified += 1;
      throw new AuthError("unauthorized", "signature");
    },
    problem: () => undefined,
  };
  const gateway = await startGateway({ verifier });
  const request = "GET /ws HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n";
  const patient = new RawClient(gateway.port);
  patient.socket.write(request.repeat(6));
  await until(() => verified === 6, "six answers");
  const greedy = new RawClient(gateway.port);
  greedy.socket.write(request.repeat(1_000));
  await until(() => greedy.ended, "the end of the connection");
  expect([most, verified]).toEqual([1, 7]);
});
