import { describe } from "vitest";
import { describeAppend } from "./contract-append.ts";
import { describeChanges } from "./contract-changes.ts";
import { describeClock } from "./contract-clock.ts";
import { describeConsume } from "./contract-consume.ts";
import { describeLive } from "./contract-live.ts";
import { describeMarks } from "./contract-marks.ts";
import { describeRevocations } from "./contract-revocations.ts";
import { describeTail } from "./contract-tail.ts";
import { type BusLimits, type BusUnderTest, busFixture, type WithBus } from "./fixture.ts";

/**
 * The contract suite of the bus: each adapter must pass it. `start` returns buses on a new, empty log with the limits
 * that a test asks for.
 */
export function describeBus(name: string, start: (limits: BusLimits) => Promise<BusUnderTest>): void {
  const withBus: WithBus =
    (test, limits = {}) =>
    async () => {
      const fixture = await busFixture(await start(limits));
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
    describeChanges(withBus);
    describeMarks(withBus);
    describeClock(withBus);
    describeRevocations(withBus);
  });
}
