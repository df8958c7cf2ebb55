import type { Appender } from "@parley/bus";
import { assertDocumented } from "@parley/models/test/documented";
import type { RunningGateway } from "./running-gateway.ts";

export interface PostOptions {
  /** The token's user; "" sends no token. */
  readonly user?: string;
  readonly scopes?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The query, with its `?`. */
  readonly query?: string;
}

/** A complete answer to a request to send. */
export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sends a message over `POST /send` (P62). A body that isn't a text is sent as JSON. */
export async function post(
  gateway: RunningGateway,
  body: object | string,
  { user = "alice", scopes, headers, query = "" }: PostOptions = {},
): Promise<Posted> {
  const authorization =
    user === "" ? {} : { authorization: `Bearer ${await gateway.token(user, 600, scopes)}` };
  const response = await fetch(`${gateway.url}/send${query}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const posted = {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(await response.text()),
  };
  if (!response.ok) assertDocumented("POST", "/send", posted.body.code);
  return posted;
}

/** An appender that holds back its answers until it is opened, and records the contents that it was given. */
export class HeldAppender {
  readonly contents: string[] = [];
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  readonly wrap = (appender: Appender): Appender => ({
    problem: () => appender.problem(),
    append: async (drafts) => {
      this.contents.push(...drafts.map((draft) => ("content" in draft ? draft.content : "")));
      await this.#opened;
      return appender.append(drafts);
    },
  });

  open(): void {
    this.#open();
  }
}
