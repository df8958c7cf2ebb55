import { ChatError } from "@parley/models";
import type { Store } from "@parley/store";

/** A real store whose reads are counted, and fail when they are told to. */
export interface WatchedStore extends Store {
  pages: number;
  syncs: number;
  /** Reads of pages fail from this number on. */
  failFrom: number;
}

export function watched(store: Store): WatchedStore {
  const own: Pick<WatchedStore, "pages" | "syncs" | "failFrom" | "page" | "sync"> = {
    pages: 0,
    syncs: 0,
    failFrom: Number.POSITIVE_INFINITY,
    page(conversation, options) {
      own.pages += 1;
      return own.pages >= own.failFrom
        ? Promise.reject(new ChatError("unavailable"))
        : store.page(conversation, options);
    },
    sync(user, options) {
      own.syncs += 1;
      return own.failFrom === 0 ? Promise.reject(new ChatError("unavailable")) : store.sync(user, options);
    },
  };
  return new Proxy(store as WatchedStore, {
    get: (target, name) => {
      if (name in own) return Reflect.get(own, name);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (_, name, value) => Reflect.set(own, name, value),
  });
}
