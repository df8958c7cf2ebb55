import type { Observe } from "../events.ts";
import { addressOf } from "./connection/address.ts";
import { Link, type LinkOptions } from "./connection/link.ts";
import { MasterWatch } from "./connection/master-watch.ts";
import { Seen } from "./log/highest-id.ts";

/** How one Redis bus is set; sizes in bytes, times in ms. */
export interface RedisBusOptions {
  /** `redis[s]://host:port`, or `redis[s]+sentinel://host:port,…/master`: see address.ts. */
  readonly url: string;
  readonly observe?: Observe;
  /** How long a ref is remembered (L5). */
  readonly dedupeWindowMs?: number;
  /** How many refs are remembered at most before a new one gets `backlog_full` (L5). */
  readonly dedupeMaxRefs?: number;
  /** How much may lie after the watermark before appends get `backlog_full` (L7). */
  readonly backlogMaxEntries?: number;
  readonly backlogMaxBytes?: number;
  /** How long the call that appends may take until its outcome counts as unknown (L6). */
  readonly appendTimeoutMs?: number;
  /** How long a draft may wait for its call (L6). */
  readonly appendWaitMs?: number;
  /** `replicated`: an append is done when a replica has it too (L9). */
  readonly durability?: "local" | "replicated";
  /** Appends to a Redis that may lose what it acknowledged, knowingly (L8). */
  readonly allowWeakDurability?: boolean;
  /** How long a consumer may be silent until others take over what it holds (L10). */
  readonly claimIdleMs?: number;
  /** How long what is stored stays in the log (L12). */
  readonly trimMinAgeMs?: number;
}

export type Config = Required<Omit<RedisBusOptions, "url" | "observe">>;

const DEFAULTS: Config = {
  dedupeWindowMs: 600_000,
  dedupeMaxRefs: 10_000_000,
  backlogMaxEntries: 200_000,
  backlogMaxBytes: 256 * 1024 * 1024,
  appendTimeoutMs: 1_000,
  appendWaitMs: 5_000,
  durability: "local",
  allowWeakDurability: false,
  claimIdleMs: 5_000,
  trimMinAgeMs: 60_000,
};

/** What the roles of one bus share. */
export interface Context {
  readonly config: Config;
  readonly observe: Observe;
  readonly seen: Seen;
  /** Opens a connection of one's own; the one who asked closes it. */
  connect(options: Omit<LinkOptions, "address" | "observe" | "isLeft">): Link;
  /** When all who asked have closed theirs. */
  close(): Promise<void>;
}

/** Throws a TypeError for a URL of another kind. */
export function createContext({ url, observe: told, ...set }: RedisBusOptions): Context {
  const observe: Observe = (event) => {
    try {
      told?.(event);
    } catch (error) {
      // Its own fault, not that of the call that was reported: that one must end as it would have.
      queueMicrotask(() => {
        throw error;
      });
    }
  };
  const address = addressOf(url);
  const links: Link[] = [];
  let watch: MasterWatch | undefined;
  const leaveOldMaster = () => {
    for (const link of links) link.leaveOldMaster();
  };
  const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
  return {
    config: { ...DEFAULTS, ...given },
    observe,
    seen: new Seen(),
    connect(options) {
      if (address.sentinel) watch ??= new MasterWatch(address, { observe, onNamed: leaveOldMaster });
      const link = new Link({
        ...options,
        address,
        observe,
        isLeft: (master) => watch?.isLeft(master) ?? false,
      });
      links.push(link);
      return link;
    },
    close: async () => {
      await watch?.close();
    },
  };
}
