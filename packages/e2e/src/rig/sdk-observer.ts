import { until } from "@parley/async";
import { type ConnectOptions, connect, type Message, type ParleyClient, type State } from "@parley/client";
import type { House } from "./shapes.ts";

/** A client of the SDK that remembers what it was told. */
export interface Observer {
  readonly client: ParleyClient;
  readonly messages: Message[];
  readonly phases: State["phase"][];
  /** The message with this content, waited for. */
  message(content: string): Promise<Message>;
  live(): Promise<unknown>;
}

export async function observe(
  house: House,
  user: string,
  options: Partial<ConnectOptions> = {},
): Promise<Observer> {
  const client = connect({
    url: house.gateways[0],
    historyUrl: house.historyUrl,
    token: () => house.token(user),
    backoff: { baseMs: 50, maxMs: 500 },
    ...options,
  });
  const messages: Message[] = [];
  const phases: State["phase"][] = [];
  client.messages.subscribe((message) => messages.push(message));
  client.state.subscribe(({ phase }) => phases.push(phase));
  const live = () => until(() => client.state.current.phase === "live" || undefined, `${user} to be live`);
  await live();
  return {
    client,
    messages,
    phases,
    live,
    message: (content) =>
      until(() => messages.find((message) => message.content === content), `${user} to see "${content}"`),
  };
}
