import { until } from "@parley/async";
import { ORIGIN } from "@parley/models";
import type { Appender } from "../../appender.ts";
import type { Consumed, Consumer, Outcome } from "../../consumer.ts";
import { contentOf } from "../../test/entries.ts";
import type { RedisBus } from "../redis-bus.ts";
import { GROUP, LOG } from "./names.ts";
import { idOf, publicDraft, type Rig } from "./redis-rig.ts";

/** Functions for tests of the consumer, which start persisters and gateways on a rig's Redis. */
export function consuming(redis: Rig) {
  async function persister(options?: Parameters<Rig["bus"]>[0]): Promise<Consumer & { bus: RedisBus }> {
    const bus = redis.bus(options);
    const consume = bus.consume({ lastStored: async () => ORIGIN });
    await until(() => !consume.problem(), "the persister is ready");
    return Object.assign(consume, { bus });
  }
  async function appender(): Promise<Appender> {
    const append = redis.bus().append();
    await until(() => !append.problem(), "the gateway is ready");
    return append;
  }
  const next = (consume: Consumer) => consume.next(AbortSignal.timeout(8_000));
  const settle = (consume: Consumer, consumed: readonly Consumed[], outcome: Outcome) =>
    consume.settle(consumed.map(({ entry }) => ({ entry, outcome })));
  const contents = (consumed: readonly Consumed[]) => consumed.map(contentOf);
  const pendingOf = async () =>
    ((await redis.raw.xpending(LOG, GROUP, "-", "+", 1_000)) as [string, string, number, number][]).map(
      ([id, consumer]) => ({ id, consumer }),
    );
  const append = async (...texts: string[]) =>
    (await (await appender()).append(texts.map((text) => publicDraft(text)))).map(idOf);
  return { persister, appender, next, settle, contents, pendingOf, append };
}
