import { describe } from "vitest";
import { describeAppend } from "./contract-append.ts";
import { describeConsume } from "./contract-consume.ts";
import { describeLive } from "./contract-live.ts";
import { describeTail } from "./contract-tail.ts";
import { type BusUnderTest, busFixture, type WithBus } from "./fixture.ts";

/** The contract suite of the bus: each adapter must pass it. `start` returns buses on a new, empty log. */
export function describeBus(name: string, start: () => Promise<BusUnderTest>): void {
  const withBus: WithBus = (test) => async () => {
    const fixture = await busFixture(await start());
    try {
      await test(fixture);
    } finally {
      await fixture.close();
    }
  };
  describe(`${name}: the contract of the bus`, () => {
    describeAppend(withBus);
    describeLive(withBus);
    describeConsume(withBus);
    describeTail(withBus);
  });
}
