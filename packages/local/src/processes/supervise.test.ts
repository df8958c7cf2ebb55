import { expect, it, onTestFinished, vi } from "vitest";
import type { Exit } from "./child.ts";
import { type Restartable, type SupervisionEvent, supervise } from "./supervise.ts";

/** A fake process that ends when the test calls `die` or `stop`. */
class FakeProcess implements Restartable {
  pid = 1;
  starts = 0;
  stops = 0;
  failures = 0;
  #end = Promise.withResolvers<Exit>();
  get exited(): Promise<Exit> {
    return this.#end.promise;
  }
  die(): void {
    this.#end.resolve({ code: 1, signal: null });
  }
  async restart(): Promise<void> {
    this.starts++;
    if (this.failures-- > 0) throw new Error("the restart failed");
    this.pid++;
    this.#end = Promise.withResolvers<Exit>();
  }
  async stop(): Promise<void> {
    this.stops++;
    this.die();
  }
}

function watched(): { target: FakeProcess; events: SupervisionEvent[]; stop: () => Promise<void> } {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const target = new FakeProcess();
  const events: SupervisionEvent[] = [];
  const { stop } = supervise("gateway-1", target, (event) => events.push(event));
  return { target, events, stop };
}

it("restarts a process that died, and reports both", async () => {
  const { target, events, stop } = watched();
  target.die();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(events).toEqual([
    { type: "died", name: "gateway-1", exit: { code: 1, signal: null }, againInMs: expect.any(Number) },
    { type: "restarted", name: "gateway-1", pid: 2 },
  ]);
  await stop();
});

it("waits longer after each failure, up to 15 s plus jitter, and starts over after a long run", async () => {
  const { target, events, stop } = watched();
  target.failures = 8;
  target.die();
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  const waits = events.flatMap((event) => (event.type === "died" ? [event.againInMs] : []));
  expect(waits).toHaveLength(9);
  const bases = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000];
  for (const [i, base] of bases.entries()) {
    expect(waits[i]).toBeGreaterThanOrEqual(base * 0.8);
    expect(waits[i]).toBeLessThanOrEqual(base * 1.2);
  }
  expect(events.filter(({ type }) => type === "restart_failed")).toHaveLength(8);
  target.die();
  await vi.advanceTimersByTimeAsync(0);
  expect(events.at(-1)).toMatchObject({ type: "died" });
  expect((events.at(-1) as { againInMs: number }).againInMs).toBeLessThanOrEqual(600);
  await stop();
});

it("stop ends the process for good, also while a restart is pending", async () => {
  const alive = watched();
  await alive.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([alive.target.starts, alive.events]).toEqual([0, []]);
  const waiting = watched();
  waiting.target.die();
  await vi.advanceTimersByTimeAsync(10);
  await waiting.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(waiting.target.starts).toBe(0);
  expect(waiting.target.stops).toBeGreaterThan(0);
});

it("stop during a restart ends the new process too", async () => {
  const { target, stop } = watched();
  const restart = Promise.withResolvers<void>();
  const start = target.restart.bind(target);
  target.restart = async () => {
    await restart.promise;
    await start();
  };
  target.die();
  await vi.advanceTimersByTimeAsync(1_000);
  const stopped = stop();
  await vi.advanceTimersByTimeAsync(0);
  restart.resolve();
  await stopped;
  expect(target.starts).toBe(1);
  expect(target.stops).toBe(2);
});
