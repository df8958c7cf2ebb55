import { coalesce, sleep } from "@parley/async";
import { ChatError, type Revocation, type RevocationEntry } from "@parley/models";
import { changesOf, type Revocations } from "../../revocations.ts";
import { waitForReplica } from "../append/append-call.ts";
import type { Link } from "../connection/link.ts";
import { runOrUnavailable } from "../connection/run-or-unavailable.ts";
import type { Context } from "../context.ts";
import { readHead } from "../log/log-reader.ts";
import type { EntryChange, KnownRevocations } from "./known-revocations.ts";

/** The version is asked for if no head has told it for this long, in ms. Markers tell it every 500 ms (L15). */
const QUIET_MS = 600;
const LOOK_MS = 200;

/**
 * The revocations in Redis (L26). Other roles of the same bus usually tell their version in time. This one asks only
 * while they don't, for instance while the live stream is interrupted.
 */
export class RedisRevocations implements Revocations {
  readonly #context: Context;
  readonly #link: Link;
  readonly #known: KnownRevocations;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  readonly #ask: () => Promise<void>;

  constructor(context: Context, link: Link) {
    this.#context = context;
    this.#link = link;
    this.#known = context.revocations;
    this.#ask = coalesce(() =>
      runOrUnavailable(link, async (client) => {
        await this.#known.follow(client, () => readHead(client, context.names));
      }),
    );
    this.#watching = this.#watch(this.#closing.signal);
  }

  of(user: string): Revocation | undefined {
    return this.#known.set.of(user, this.#known.times);
  }

  isCurrent(): boolean {
    return this.#known.isCurrent;
  }

  refresh(): Promise<void> {
    return this.#ask();
  }

  onChange(listener: () => void): void {
    this.#known.onChange(listener);
  }

  async revoke(revocation: Revocation): Promise<Revocation | undefined> {
    await this.#change(changesOf(revocation));
    return this.of(revocation.user);
  }

  async allow(user: string, kinds: readonly RevocationEntry["kind"][]): Promise<Revocation | undefined> {
    await this.#change(kinds.map((kind) => ({ kind, user, value: 0 })));
    return this.of(user);
  }

  async list(): Promise<readonly Revocation[]> {
    await this.#ask();
    return this.#known.set.list(this.#known.times);
  }

  entries(): readonly RevocationEntry[] {
    return this.#known.set.entries();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
  }

  /** Changes entries. With DURABILITY=replicated, waits until a replica has them too (L9). */
  async #change(changes: readonly EntryChange[]): Promise<void> {
    const { durability, appendTimeoutMs } = this.#context.config;
    const isDone = await runOrUnavailable(this.#link, async (client) => {
      if (!(await this.#known.change(client, changes))) return false;
      if (durability === "replicated") await waitForReplica(client, appendTimeoutMs);
      return true;
    });
    if (!isDone) throw new ChatError("revocations_full");
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A failure needs no report: the connection's own events tell it, and tokens get `unavailable` before long.
      if (!this.#known.isConfirmedWithin(QUIET_MS)) await this.#ask().catch(() => undefined);
      await sleep(LOOK_MS, signal);
    }
  }
}
