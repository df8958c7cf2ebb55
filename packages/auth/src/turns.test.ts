import { describe, expect, it } from "vitest";
import type { AuthEvent } from "./events.ts";
import { issueToken } from "./issue.ts";
import { VerificationTurns } from "./turns.ts";
import { createVerifier, type VerifierOptions } from "./verifier.ts";

const SECRET = "the first secret, 32 bytes or more";
const OTHER_SECRET = "the second secret, 32 bytes or more";

/** Returns tokens of the right form with a wrong signature. */
async function badTokens(count: number): Promise<string[]> {
  const { token } = await issueToken({ user: "mallory", secret: OTHER_SECRET });
  const [header, claims] = token.split(".");
  return Array.from({ length: count }, (_, n) => {
    const signature = Buffer.alloc(32);
    signature.writeUInt32BE(n);
    return `${header}.${claims}.${signature.toString("base64url")}`;
  });
}

async function tokenOf(user: string): Promise<string> {
  return (await issueToken({ user, secret: SECRET })).token;
}

function verifierWith(config: Partial<VerifierOptions> = {}) {
  const events: AuthEvent[] = [];
  const observe = (event: AuthEvent) => void events.push(event);
  return { events, verifier: createVerifier({ secrets: [SECRET], isUser: () => true, observe, ...config }) };
}

describe("turns of verifications", () => {
  it("G5: an address with thousands of tokens delays another one by a turn, not by its queue", async () => {
    const { verifier } = verifierWith();
    const token = await tokenOf("alice");
    let refused = 0;
    const flood = (await badTokens(3_000)).map((token) =>
      verifier.verify(token, { share: "mallory" }).catch(() => {
        refused += 1;
      }),
    );
    await verifier.verify(token, { share: "alice" });
    expect(refused).toBeLessThan(200);
    await Promise.all(flood);
    expect(refused).toBe(3_000);
  });

  it("G5: a token that was verified recently waits for nothing, whoever floods", async () => {
    const { verifier } = verifierWith();
    const token = await tokenOf("alice");
    await verifier.verify(token, { share: "a" });
    const order: string[] = [];
    const flood = (await badTokens(500)).map((bad) =>
      verifier.verify(bad, { share: "a" }).catch(() => order.push("bad")),
    );
    await verifier.verify(token, { share: "a" }).then(() => order.push("known"));
    await Promise.all(flood);
    expect(order[0]).toBe("known");
  });

  it("G5: more tokens of an address than may wait are refused with overloaded, and those of others are not", async () => {
    const { verifier, events } = verifierWith({ maxWaitingPerShare: 10, maxWaiting: 100 });
    const outcomes = (await badTokens(30)).map((token) =>
      verifier.verify(token, { share: "mallory" }).catch((error: { code: string }) => error.code),
    );
    expect((await verifier.verify(await tokenOf("alice"), { share: "alice" })).user).toBe("alice");
    const codes = await Promise.all(outcomes);
    expect(codes.filter((code) => code === "overloaded")).toHaveLength(30 - 2 - 10);
    expect(events).toContainEqual({ type: "refused", failure: "too_many_waiting" });
    await expect(verifier.verify("a.b.c", { share: "x" })).rejects.not.toHaveProperty("retryAfterMs", 1_000);
  });

  it("G5: a token whose client has gone leaves the queue", async () => {
    const { verifier } = verifierWith({ maxWaiting: 2, maxWaitingPerShare: 2 });
    const flood = (await badTokens(8)).map((token) => verifier.verify(token, { share: "a" }).catch(() => 0));
    const gone = new AbortController();
    const waiting = [1, 2].map(async () =>
      verifier.verify(await tokenOf("bob"), { share: "a", signal: gone.signal }),
    );
    await Promise.resolve();
    const settled = Promise.allSettled(waiting);
    gone.abort(new Error("gone"));
    for (const { status } of await settled) expect(status).toMatch(/rejected|fulfilled/);
    await Promise.all(flood);
    expect((await verifier.verify(await tokenOf("bob"), { share: "a" })).user).toBe("bob");
  });

  it("G5: a renewal's share is apart from that of the address", async () => {
    const { verifier } = verifierWith({ maxWaitingPerShare: 1, maxWaiting: 100 });
    const flood = (await badTokens(50)).map((token) => verifier.verify(token, { share: "a" }).catch(() => 0));
    expect((await verifier.verify(await tokenOf("bob"), { share: "user bob" })).user).toBe("bob");
    await Promise.all(flood);
  });

  it("G5: work that fails at once leaves the event loop time for other things", async () => {
    const turns = new VerificationTurns({ maxWaiting: 10_000, maxWaitingPerShare: 10_000 });
    let isDone = false;
    const all = Array.from({ length: 2_000 }, () =>
      turns.run({ share: "a" }, () => Promise.reject(new Error("bad"))).catch(() => 0),
    );
    void Promise.all(all).then(() => {
      isDone = true;
    });
    let eventLoopTurns = 0;
    while (!isDone) {
      eventLoopTurns += 1;
      await new Promise(setImmediate);
    }
    expect(eventLoopTurns).toBeGreaterThanOrEqual(2_000 / 32);
  });

  it("the same token that waits many times is verified once", async () => {
    const { verifier } = verifierWith();
    const token = await tokenOf("alice");
    const identities = await Promise.all(
      Array.from({ length: 100 }, () => verifier.verify(token, { share: "a" })),
    );
    expect(new Set(identities).size).toBeLessThanOrEqual(8);
  });
});
