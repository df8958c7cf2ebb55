import type { Observe } from "../events.ts";
import { parseRedisUrl } from "./connection/address.ts";
import { Link, type LinkOptions } from "./connection/link.ts";
import { MasterWatch } from "./connection/master-watch.ts";
import { type Names, namesOf } from "./format/keys.ts";
import type { LogFormat } from "./format/log-format.ts";
import { Gathering } from "./live/gathering.ts";
import { HighestId } from "./log/highest-id.ts";
import { configFrom, type RedisBusConfig, type RedisBusOptions } from "./options.ts";
import { KnownRevocations } from "./revocations/known-revocations.ts";

/** The state that the roles of one bus share. */
export interface Context {
  readonly config: RedisBusConfig;
  /** The names of all keys and channels. */
  readonly names: Names;
  /** The format that a persister gives to the log. Undefined: it stays what it is (L25). */
  readonly format: LogFormat | undefined;
  readonly observe: Observe;
  readonly highestId: HighestId;
  /** What this process knows of the revocations (L26). */
  readonly revocations: KnownRevocations;
  /** The moments at which subscriber connections change their subscriptions. */
  readonly gathering: Gathering;
  /** Opens a connection for one role. The role closes it. */
  connect(options: Omit<LinkOptions, "address" | "observe" | "isSuperseded">): Link;
  /** Closes the connections to the Sentinels, if there are any. Call it after the roles' connections are closed. */
  close(): Promise<void>;
}

/** Creates the context of a bus. Throws a TypeError if the URL isn't valid. */
export function createContext({
  url,
  namespace,
  format,
  observe: observer,
  ...options
}: RedisBusOptions): Context {
  const observe = observer ? isolated(observer) : () => undefined;
  const address = parseRedisUrl(url);
  const links: Link[] = [];
  let watch: MasterWatch | undefined;
  const leaveOldMaster = () => {
    for (const link of links) link.leaveOldMaster();
  };
  const config = configFrom(options);
  const names = namesOf({ db: address.db, namespace });
  return {
    config,
    names,
    format,
    observe,
    highestId: new HighestId(),
    revocations: new KnownRevocations({ names, limits: config, observe }),
    gathering: new Gathering(),
    connect(linkOptions) {
      if (address.sentinel) watch ??= new MasterWatch(address, { observe, onNamed: leaveOldMaster });
      const link = new Link({
        ...linkOptions,
        address,
        observe,
        isSuperseded: (master) => watch?.isSuperseded(master) ?? false,
      });
      links.push(link);
      return link;
    },
    close: async () => {
      await watch?.close();
    },
  };
}

/** Wraps `observer`: if it throws, the exception becomes uncaught and doesn't fail the operation that it reports. */
function isolated(observer: Observe): Observe {
  return (event) => {
    try {
      observer(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
