import { until } from "@parley/async";
import { assertDocumented } from "@parley/models/test/documented";
import { afterAll, beforeAll, describe } from "vitest";
import { ChatClient } from "../rig/chat-client.ts";
import { type Deployment, describeSplit, type SplitOptions, startStandalone } from "../rig/shapes.ts";

export type Json = Record<string, unknown>;

interface JsonRequest {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly scopes?: string[];
  readonly body?: object;
}

/** A suite's own deployment, and the clients that its tests connect. */
export interface Suite {
  /** Running while the suite's tests run. */
  readonly deployment: Deployment;
  /** Connects a user to one of the two gateways. The connection ends with the suite. */
  connect(gateway: 0 | 1, user: string): Promise<ChatClient>;
  /** Returns the address of a gateway's `POST /send`. */
  sendUrl(gateway: 0 | 1): string;
  /**
   * Sends a request as a user, to history if `target` is a path. Repeats it while the answer is 503: on a busy machine a
   * process may lose its link to the log for a moment, and a request that changes something has a ref.
   */
  request(user: string, target: string, options?: JsonRequest): Promise<{ status: number; body: Json }>;
  /** Returns the JSON that a user reads in history. */
  read<Body = Json>(user: string, path: string): Promise<Body>;
}

/** Starts a deployment before the tests of the surrounding suite, and stops it after them. */
export function useDeployment(start: () => Promise<Deployment>): Suite {
  let deployment: Deployment;
  const clients: ChatClient[] = [];
  beforeAll(async () => {
    deployment = await start();
  });
  afterAll(async () => {
    for (const { socket } of clients) socket.terminate();
    await deployment?.stop();
  });
  return {
    get deployment() {
      return deployment;
    },
    async connect(gateway, user) {
      const client = await ChatClient.connect(deployment.gateways[gateway], await deployment.token(user));
      clients.push(client);
      return client;
    },
    sendUrl: (gateway) => deployment.gateways[gateway].replace(/^ws(.*)\/ws$/, "http$1/send"),
    async request(user, target, { method = "GET", scopes = [], body } = {}) {
      const url = new URL(target, deployment.historyUrl);
      const init = {
        method,
        headers: {
          authorization: `Bearer ${await deployment.token(user, { scopes })}`,
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
      };
      const answer = await until(async () => {
        const response = await fetch(url, init);
        const answered = { status: response.status, body: (await response.json()) as Json };
        return answered.status === 503 ? undefined : answered;
      }, `an answer to ${method} ${target}`);
      if (answer.status >= 400) assertDocumented(method, url.pathname, answer.body.code);
      return answer;
    },
    read: <Body>(user: string, path: string) => deployment.read<Body>(user, path),
  };
}

/**
 * Defines the same tests for a deployment of each shape, of which the split one has `options`. Await it at the top level of a
 * test file.
 */
export async function describeShapes(
  name: string,
  options: SplitOptions,
  tests: (suite: Suite) => void,
): Promise<void> {
  describe(`${name}, standalone`, () => tests(useDeployment(startStandalone)));
  await describeSplit(`${name}, split`, options, (deployment) =>
    tests(useDeployment(async () => deployment)),
  );
}
