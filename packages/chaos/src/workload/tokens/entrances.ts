import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import type { Cluster } from "../../cluster/cluster.ts";
import { endOfLog } from "../../cluster/log-inspection.ts";
import type { Send } from "../ledger.ts";

/** Longer than a process may be frozen. */
const TIMEOUT_MS = 10_000;

/** Seconds for which a request to the feed waits for entries. */
const FEED_WAIT_SECONDS = 5;

/** An answer to an attempt. `id` is that of a message that was accepted, or of the last entry that came. */
interface Answer {
  readonly status: number;
  readonly id?: string;
}

/** One way in which a token can be used at a process. */
export interface Entrance {
  /** Such as "gateway 0". */
  readonly process: string;
  /** What an attempt gets if the token is accepted. */
  readonly what: string;
  /** The user to whom an attempt sends a message, if it does. */
  readonly sendsTo?: string;
  /** True if an attempt waits for messages, so that what it gets may be from any time until it is answered. */
  readonly waits?: true;
  /** Rejects if there is no answer. `send` is the message, if the attempt sends one. */
  attempt(token: string, send: Send | undefined): Promise<Answer>;
}

/** Returns all ways to use a token with the scope `history:all`. Messages are sent to `sendsTo`. */
export function entrancesOf(cluster: Cluster, sendsTo: string): Entrance[] {
  const { gateways, historyApi } = cluster;
  return [
    ...gateways.flatMap(({ app: { url } }, n): Entrance[] => [
      { process: `gateway ${n}`, what: "a handshake", attempt: (token) => handshake(`${url}/ws`, token) },
      {
        process: `gateway ${n}`,
        what: "an answer to POST /send",
        sendsTo,
        attempt: (token, send) => post(`${url}/send`, token, { to: send?.to, content: send?.content }),
      },
    ]),
    {
      process: "history-api",
      what: "an answer to GET /sync",
      // After the end of the log there is nothing that a slow store would have to read.
      attempt: async (token) => {
        const query = `after=${await endOfLog(cluster)}&limit=1`;
        return { status: (await get(`${historyApi.app.url}/sync?${query}`, token)).status };
      },
    },
    {
      process: "history-api",
      what: "entries of GET /feed",
      waits: true,
      attempt: async (token) => {
        const query = `after=${await endOfLog(cluster)}&wait=${FEED_WAIT_SECONDS}`;
        const { status, body } = await get(`${historyApi.app.url}/feed?${query}`, token);
        const id = (body as FeedPage).entries?.at(-1)?.id;
        return id === undefined ? { status } : { status, id };
      },
    },
  ];
}

interface FeedPage {
  readonly entries?: readonly { readonly id: string }[];
}

async function get(url: string, token: string): Promise<{ status: number; body: unknown }> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal });
  return { status: response.status, body: await response.json() };
}

async function post(url: string, token: string, message: object): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ ...message, ref: randomBytes(9).toString("base64url") }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { status } = response;
  const { id } = (await response.json()) as { id?: string };
  return status === 200 && id !== undefined ? { status, id } : { status };
}

/** Requests a WebSocket, and ends the connection once it is open. The status is 101 if it was accepted. */
function handshake(url: string, token: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest(url, {
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      authorization: `Bearer ${token}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    },
  });
  request.on("upgrade", ({ statusCode = 0 }, socket) => {
    socket.on("error", () => undefined);
    socket.destroy();
    resolve({ status: statusCode });
  });
  request.on("response", (response) => {
    response.resume();
    resolve({ status: response.statusCode ?? 0 });
  });
  request.on("error", reject);
  request.end();
  return promise;
}
