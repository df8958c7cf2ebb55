import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createFrontSecret, FRONT_HEADER, isDirect, isVouchedFor } from "@parley/service";
import { expect, it, onTestFinished } from "vitest";
import { createFront } from "./front.ts";

const SECRET = createFrontSecret();

async function listening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * Starts a front before one fake gateway. Like a real gateway, it decides if a request may get a development token.
 */
async function startFront() {
  const seen: IncomingHttpHeaders[] = [];
  const gateway = createServer((req, res) => {
    seen.push(req.headers);
    res.statusCode = isDirect(req) || isVouchedFor(req, SECRET) ? 200 : 403;
    res.end();
  });
  const upstream = { url: await listening(gateway), isReady: async () => true };
  const url = await listening(createFront({ gateway: [upstream], "history-api": [] }, { secret: SECRET }));
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/auth/token`, { method: "POST", headers });
    expect(JSON.stringify([...response.headers]) + (await response.text())).not.toContain(SECRET);
    return response.status;
  };
  return { ask, seen, url };
}

it("P60: a request that comes to the front directly may have a development token", async () => {
  const { ask, seen } = await startFront();
  expect(await ask()).toBe(200);
  expect(seen[0]).toMatchObject({ "x-forwarded-for": expect.anything(), [FRONT_HEADER]: SECRET });
});

it.each(["x-forwarded-for", "x-forwarded-host", "forwarded", "via", "x-real-ip", "cf-connecting-ip"])(
  "P60: a request that another proxy passed on to the front may not, by %s",
  async (name) => {
    const { ask, seen } = await startFront();
    expect(await ask({ [name]: "127.0.0.1" })).toBe(403);
    expect(seen[0]).not.toHaveProperty(FRONT_HEADER);
  },
);

it("P60: the front passes on no mark of a client", async () => {
  const { ask, seen } = await startFront();
  expect(await ask({ [FRONT_HEADER]: SECRET, via: "1.1 proxy" })).toBe(403);
  expect(await ask({ [FRONT_HEADER]: "guess" })).toBe(200);
  expect(seen.map((headers) => headers[FRONT_HEADER])).toEqual([undefined, SECRET]);
});

it("P60: the front's list of routes doesn't show the secret", async () => {
  const { url } = await startFront();
  expect(await (await fetch(url)).text()).not.toContain(SECRET);
});
