import type { Target } from "../target/target.ts";
import { Samples } from "./samples.ts";
import { User } from "./user.ts";

/** Lets further users send messages at once, each to itself. Resolves once all are acknowledged; rejects if one is refused. */
export async function sendAtOnce(
  target: Target,
  { users, messages }: { readonly users: number; readonly messages: number },
): Promise<void> {
  const samples = new Samples();
  await Promise.all(
    Array.from({ length: users }, async (_, index) => {
      const name = `crowd-${index}`;
      const user = await userOf(target, name, samples);
      await user.connect();
      for (let n = 0; n < messages; n++) user.send(name);
      await user.settle();
      user.close();
    }),
  );
  const reasons = [...samples.refusals.keys()].join(", ");
  if (reasons) throw new Error(`a crowd of ${users} users was refused: ${reasons}`);
  if (samples.acks.length < users * messages) throw new Error(`a crowd of ${users} users could not connect`);
}

async function userOf({ gateway, history, token }: Target, name: string, samples: Samples): Promise<User> {
  const urls = { gatewayUrl: gateway.url, historyUrl: history.url };
  return new User({ name, token: await token(name), ...urls }, samples);
}
