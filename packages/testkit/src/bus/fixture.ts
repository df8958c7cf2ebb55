import type { Appended, Appender, Bus, Consumer, LiveFeed, LogTail } from "@parley/bus";
import { type Draft, decodeBody, ORIGIN } from "@parley/models";
import { Keeper } from "./keeper.ts";

/** One log, empty at first, and a bus for each service; the same bus where the log lives in one process. */
export interface BusUnderTest {
  readonly gateway: Bus;
  readonly persister: Bus;
  readonly history: Bus;
  close(): Promise<void>;
}

export interface Told {
  readonly audience: string;
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
}

/** A bus with all its roles taken, what the listener was told, and a keeper that stores. */
export interface BusFixture {
  readonly bus: BusUnderTest;
  readonly append: Appender;
  readonly live: LiveFeed;
  readonly consume: Consumer;
  readonly tail: LogTail;
  readonly keeper: Keeper;
  readonly told: Told[];
  /** Cursors of gaps, each with how many messages had been told before. */
  readonly gaps: { readonly cursor: string; readonly after: number }[];
  close(): Promise<void>;
}

/** Runs `test` on a log of its own, and closes it. */
export type WithBus = (test: (fixture: BusFixture) => Promise<void>) => () => Promise<void>;

export async function busFixture(bus: BusUnderTest): Promise<BusFixture> {
  const told: Told[] = [];
  const gaps: { cursor: string; after: number }[] = [];
  const consume = bus.persister.consume({ lastStored: async () => ORIGIN });
  const keeper = new Keeper(consume);
  keeper.start();
  const fixture = {
    bus,
    consume,
    keeper,
    told,
    gaps,
    append: bus.gateway.append(),
    live: bus.gateway.live({
      message: (audience, { id, body }) => {
        const message = decodeBody(body);
        if (!message) throw new Error("a body that is no message was told");
        told.push({ audience, id, ...message });
      },
      gap: (cursor) => gaps.push({ cursor, after: told.length }),
    }),
    tail: bus.history.tail(),
    close: async () => {
      await bus.gateway.close();
      await keeper.stop();
      await bus.close();
    },
  };
  await until("the bus has no problem", () =>
    [fixture.append, fixture.live, fixture.consume, fixture.tail].every((role) => !role.problem()),
  );
  return fixture;
}

/** Waits for a condition; the error names it. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Appends one and gives its id; throws with the code where it has none. */
export async function send(append: Appender, draft: Draft): Promise<string> {
  return idOf((await append.append([draft]))[0]);
}

export function idOf(appended: Appended | undefined): string {
  if (!appended?.ok) throw new Error(`not appended: ${appended?.error.code}`);
  return appended.id;
}

export function codeOf(appended: Appended | undefined): string {
  return appended?.ok ? "ok" : (appended?.error.code ?? "missing");
}

/** A private message, or with `to` "" a public one. */
export function draft(from: string, to: string, content: string, ref?: string): Draft {
  return { from, to, content, ...(ref !== undefined && { ref }) };
}
