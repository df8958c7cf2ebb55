import { until } from "@parley/async";
import {
  type Change,
  type ConnectOptions,
  connect,
  type Message,
  type ParleyClient,
  type State,
} from "@parley/client";
import type { Deployment } from "./shapes.ts";

/** An SDK client with everything it has received. */
export interface Observer {
  readonly client: ParleyClient;
  readonly messages: Message[];
  readonly changes: Change[];
  readonly phases: State["phase"][];
  /** Waits for the message with this content. */
  message(content: string): Promise<Message>;
  /** Waits until the client is live. */
  untilLive(): Promise<unknown>;
}

/** Connects an SDK client and resolves once it is live. */
export async function observe(
  deployment: Deployment,
  user: string,
  options: Partial<ConnectOptions> = {},
): Promise<Observer> {
  const client = connect({
    url: deployment.gateways[0],
    historyUrl: deployment.historyUrl,
    token: () => deployment.token(user),
    backoff: { baseMs: 50, maxMs: 500 },
    ...options,
  });
  const messages: Message[] = [];
  const changes: Change[] = [];
  const phases: State["phase"][] = [];
  client.messages.subscribe((message) => messages.push(message));
  client.changes.subscribe((change) => changes.push(change));
  client.state.subscribe(({ phase }) => phases.push(phase));
  const untilLive = () => until(() => client.state.current.phase === "live", `${user} to be live`);
  await untilLive();
  return {
    client,
    messages,
    changes,
    phases,
    untilLive,
    message: (content) =>
      until(() => messages.find((message) => message.content === content), `${user} to see "${content}"`),
  };
}
